internal import Raft

/// Reads a log's files, from the catalog to the last batch, and makes what it believes durable.
struct LogRecoverer {
    private let directory: any DiskDirectory
    private var names: [String]
    private(set) var replay = Replay()
    private(set) var segments: [Segment] = []

    init(directory: any DiskDirectory) throws(LogError) {
        self.directory = directory
        names = try onDisk { () throws(DiskError) in try directory.list() }
    }

    /// True when no log was ever completed here: nothing can have been acknowledged.
    func isUnborn() throws(LogError) -> Bool {
        if try readCatalog().state != nil { return false }
        let numbers = segmentNumbers
        guard let last = numbers.last else { return true }
        guard last == 1 else { return false }
        return try !holdsCommits(1, identity: guessIdentity())
    }

    /// Reads the log, and leaves of the files only those that make it up.
    mutating func run() throws(LogError) -> Catalog {
        guard !(try isUnborn()) else { throw .missing }
        var catalog = try openCatalog()
        let isIntact = replay.damage.isEmpty
        // A process that died in the midst of noting may have left in the page cache what the disk does not have. What
        // it says is believed from here on, and files go because of it.
        if isIntact { try onDisk { () throws(DiskError) in try catalog.rewrite() } }
        let range = catalog.state.oldest...catalog.state.newest
        try removeFiles(outside: range)
        let files = try openSegments(range, identity: catalog.identity)
        for (place, file) in files.enumerated() {
            let next = place + 1 < files.count ? files[place + 1] : nil
            try run(file, next: next, identity: catalog.identity)
        }
        replay.settle()
        if !isIntact {
            try onDisk { () throws(DiskError) in try catalog.rewrite() }
        }
        return catalog
    }

    // MARK: The catalog

    private func readCatalog() throws(LogError) -> Catalog.Found {
        let found = try onDisk { () throws(DiskError) in
            do throws(DiskError) {
                let file = try directory.open(LogFileName.catalog)
                return Catalog.find(in: try file.read(Catalog.bytes, at: 0))
            } catch {
                switch error {
                case .notFound, .device: return Catalog.find(in: [])
                default: throw error
                }
            }
        }
        if let version = found.unreadableVersion { throw .version(file: LogFileName.catalog, version: version) }
        return found
    }

    /// The catalog; where it is not intact, one that notes the segments that are there.
    private mutating func openCatalog() throws(LogError) -> Catalog {
        let found = try readCatalog()
        if found.isIntact, let state = found.state, let identity = found.identity,
            !(try holdsCommits(state.newest + 1, identity: identity))
        {
            let file = try onDisk { () throws(DiskError) in try directory.open(LogFileName.catalog) }
            return Catalog(file: file, identity: identity, state: state)
        }
        replay.note(.catalog, segment: 0, offset: 0)
        let numbers = segmentNumbers
        var known = found.identity
        if known == nil { known = try guessIdentity() }
        guard let identity = known, let oldest = numbers.first, let newest = numbers.last
        else { throw .damaged(LogDamage(kind: .catalog, segment: 0, offset: 0, groups: [])) }
        let name = LogFileName.catalog
        let exists = names.contains(name)
        let file = try onDisk { () throws(DiskError) in
            let file = exists ? try directory.open(name) : try directory.create(name)
            if !exists { try directory.synchronize() }
            return file
        }
        return Catalog(
            file: file,
            identity: identity,
            state: Catalog.State(oldest: oldest, newest: newest, generation: found.state?.generation ?? 0)
        )
    }

    private func guessIdentity() throws(LogError) -> UInt64? {
        for number in segmentNumbers {
            for (name, kind) in [
                (LogFileName.segment(number), FileHeader.Kind.segment), (LogFileName.ledger(number), .ledger),
            ] {
                let bytes = try read(name, upTo: FileHeader.bytes)
                if let header = FileHeader.decode(bytes, kind: kind).header { return header.identity }
            }
        }
        return nil
    }

    private var segmentNumbers: [UInt64] {
        var numbers: [UInt64] = []
        for number in names.compactMap(LogFileName.number(of:)).sorted() where numbers.last != number {
            numbers.append(number)
        }
        return numbers
    }

    /// True when a segment holds a batch behind its roster. Such a segment is never one that a crash left half made.
    private func holdsCommits(_ number: UInt64, identity: UInt64?) throws(LogError) -> Bool {
        let name = LogFileName.segment(number)
        guard names.contains(name) else { return false }
        guard let identity else { return false }
        let header = FileHeader.decode(try read(name, upTo: FileHeader.bytes), kind: .segment).header
        return try onDisk { () throws(DiskError) in
            let reader = try SectorReader(
                file: try directory.open(name),
                format: SectorFormat(identity: identity, segment: number)
            )
            let scanner = SegmentScanner(reader: reader, capacity: reader.sectors)
            guard let header else { return try scanner.batch(from: 2, above: 0, below: nil) != nil }
            return try scanner.batch(from: 1, above: header.third, below: nil) != nil
        }
    }

    // MARK: The segments

    private mutating func removeFiles(outside range: ClosedRange<UInt64>) throws(LogError) {
        let leftovers = names.filter { name in
            guard let number = LogFileName.number(of: name) else { return false }
            return !range.contains(number)
        }
        guard !leftovers.isEmpty else { return }
        try onDisk { () throws(DiskError) in
            for name in leftovers { try directory.remove(name) }
            try directory.synchronize()
        }
        names.removeAll { leftovers.contains($0) }
    }

    /// A segment's files as they were found.
    private struct Files {
        let number: UInt64
        let file: (any DiskFile)?
        let header: FileHeader?
        let ledger: Ledger

        var firstSequence: UInt64? { header?.third ?? ledger.firstSequence }
    }

    private mutating func openSegments(_ range: ClosedRange<UInt64>, identity: UInt64) throws(LogError) -> [Files] {
        var files: [Files] = []
        for number in range {
            let name = LogFileName.segment(number)
            let ledgerBytes = try read(LogFileName.ledger(number), upTo: LogFormat.ledgerBytes)
            let ledger = Ledger(bytes: ledgerBytes, identity: identity, segment: number)
            if ledger.firstSequence == nil || ledger.roster == nil { replay.note(.ledger, segment: number, offset: 0) }
            guard names.contains(name) else {
                replay.note(.segmentMissing, segment: number, offset: 0)
                files.append(Files(number: number, file: nil, header: nil, ledger: ledger))
                continue
            }
            let file = try onDisk { () throws(DiskError) in try directory.open(name) }
            let outcome = FileHeader.decode(try read(name, upTo: FileHeader.bytes), kind: .segment)
            if case .version(let version) = outcome { throw .version(file: name, version: version) }
            var header = outcome.header
            if header?.identity != identity || header?.first != number { header = nil }
            if header == nil { replay.note(.segmentHeader, segment: number, offset: 0) }
            files.append(Files(number: number, file: file, header: header, ledger: ledger))
        }
        return files
    }

    private mutating func run(_ files: Files, next: Files?, identity: UInt64) throws(LogError) {
        let format = SectorFormat(identity: identity, segment: files.number)
        guard let file = files.file else {
            segments.append(Segment(number: files.number, file: nil, format: format, usedSectors: 0))
            return runMissing(files, limit: next?.firstSequence)
        }
        let reader = try onDisk { () throws(DiskError) in try SectorReader(file: file, format: format) }
        let scanner = SegmentScanner(
            reader: reader,
            capacity: files.header.map { Int(clamping: $0.second) / SectorFormat.bytes } ?? reader.sectors
        )
        if next == nil, reader.sectors < scanner.capacity {
            replay.note(.segmentShort, segment: files.number, offset: reader.sectors * SectorFormat.bytes)
        }
        var segment = SegmentReplay(
            number: files.number,
            scanner: scanner,
            ledger: files.ledger,
            limit: next?.firstSequence,
            isNewest: next == nil
        )
        var known = files.firstSequence
        if known == nil { known = try firstSequence(scanner) }
        let first = known ?? replay.lastSequence + 1
        let damageBefore = replay.damage.count
        try onDisk { () throws(DiskError) in try segment.run(from: first, into: &replay) }
        var used = reader.sectors
        if next == nil {
            if let batch = segment.lastWhole { try makeDurable(batch, file, format) }
            try makeDurable(ledger: files.number)
            if replay.damage.count == damageBefore { used = segment.end }
        }
        segments.append(Segment(number: files.number, file: file, format: format, usedSectors: used))
    }

    /// Without header and ledger, the first batch that is found tells.
    private func firstSequence(_ scanner: SegmentScanner) throws(LogError) -> UInt64? {
        try onDisk { () throws(DiskError) in
            try scanner.batch(from: 1, above: replay.lastSequence, below: nil)?.sequence
        }
    }

    /// A segment without its file: the ledger tells what was in it, and the next segment's roster tells better.
    private mutating func runMissing(_ files: Files, limit: UInt64?) {
        if let roster = files.ledger.roster { replay.take(roster: roster.attestations, sequence: roster.sequence) }
        var sequence = max(files.firstSequence ?? 0, replay.lastSequence) + 1
        while sequence < limit ?? .max, let line = files.ledger.line(sequence) {
            replay.apply(lost: line.attestations, sequence: sequence, segment: files.number, offset: 0)
            sequence += 1
        }
        guard sequence != limit else { return }
        // Behind its last line the ledger is silent, unless the log was closed there.
        if files.ledger.closedBehind != sequence - 1 {
            replay.loseUnattested(sequence: sequence, segment: files.number, offset: 0)
            if let limit, limit > sequence + 1 {
                replay.loseUnattested(sequence: limit - 1, segment: files.number, offset: 0)
            }
        }
        replay.sawDurable(sequence)
    }

    /// Writes the last batch once more. A process that died may have met a synchronisation that failed: then the page
    /// cache shows the batch, counts it as clean, and will never write it.
    private func makeDurable(_ batch: ScannedBatch, _ file: any DiskFile, _ format: SectorFormat) throws(LogError) {
        let count = BatchHeader.bytes + batch.header.attestationBytes + batch.header.recordBytes
        var image: [UInt8] = []
        format.frame(
            Array(batch.bytes.prefix(count)),
            sequence: batch.header.sequence,
            start: batch.start,
            into: &image
        )
        try onDisk { () throws(DiskError) in
            try file.write(image, at: batch.start * SectorFormat.bytes)
            try file.synchronize()
        }
    }

    private func makeDurable(ledger number: UInt64) throws(LogError) {
        let name = LogFileName.ledger(number)
        guard names.contains(name) else { return }
        try onDisk { () throws(DiskError) in try directory.open(name).synchronize() }
    }

    /// A file's beginning; empty if the file is missing or cannot be read.
    private func read(_ name: String, upTo limit: Int) throws(LogError) -> [UInt8] {
        guard names.contains(name) else { return [] }
        return try onDisk { () throws(DiskError) in
            do throws(DiskError) {
                let file = try directory.open(name)
                return try file.read(min(limit, try file.size()), at: 0)
            } catch {
                guard case .device = error else { throw error }
                return []
            }
        }
    }
}

/// One file of the log that holds records.
struct Segment {
    let number: UInt64
    /// Nil when the file is missing.
    let file: (any DiskFile)?
    let format: SectorFormat
    /// How many sectors hold something.
    var usedSectors: Int

    var usedBytes: Int { usedSectors * SectorFormat.bytes }
}

/// Performs work at a disk whose failure stops the log.
func onDisk<Value>(_ work: () throws(DiskError) -> Value) throws(LogError) -> Value {
    do throws(DiskError) {
        return try work()
    } catch {
        throw .disk(error)
    }
}
