import Raft
import Testing

@testable import KVStore

/// One fault of the medium, anywhere: nothing that was acknowledged disappears without a word.
@Suite struct LogDamageTests {
    /// A small log of two segments, with replaced and compacted entries, and its true contents.
    private struct Patient {
        let disk: SimulatedDisk
        let truth: LogModel
        let names: [String]

        init(closed: Bool = false, settled: Bool = false) throws {
            let harness = LogHarness(seed: 4)
            harness.options = .tiny
            var records = RecordGenerator(seed: 11)
            records.groupCount = 3
            try harness.start()
            while (harness.log?.segmentCount ?? 0) < 2 || harness.log?.head?.nextSector ?? 0 < 8 {
                for _ in 0..<3 { try harness.append(records.next(for: harness.model)) }
                try harness.sync()
            }
            if closed { try harness.log?.close() }
            if settled { try harness.log?.settle() }
            disk = harness.disk
            truth = harness.model
            names = disk.fileNames(LogHarness.path)
            harness.kill()
        }

        func size(_ name: String) -> Int { disk.contents(LogHarness.path, name)?.count ?? 0 }

        /// The first byte behind the last batch.
        var end: Int { ((disk.contents(LogHarness.path, newest)?.lastIndex { $0 != 0 } ?? 0) / 512 + 1) * 512 }

        var newest: String { names.filter { $0.hasSuffix(".segment") }.last ?? "" }
    }

    private enum Verdict: Equatable {
        case unharmed
        /// Damage was told and every group is whole.
        case toldHarmless
        /// Damage was told, and each group that lost something knows where it ended.
        case toldExactly
        /// Damage was told, and some group must be replaced.
        case toldUnknown
        case refused
        case silentLoss(String)
    }

    /// Opens what is left and holds it against the truth.
    private func examine(_ disk: SimulatedDisk, _ truth: LogModel) throws -> Verdict {
        let opened: (log: WriteAheadLog, recovery: LogRecovery)
        do {
            opened = try WriteAheadLog.open(in: disk.directory(LogHarness.path), options: .tiny)
        } catch {
            return .refused
        }
        let (log, recovery) = opened
        var verdict = recovery.damage.isEmpty ? Verdict.unharmed : .toldHarmless
        for id in truth.groups.keys.sorted() {
            guard let truly = truth.groups[id] else { continue }
            guard let found = recovery.groups.first(where: { $0.group == id }) else {
                if !recovery.mayMissGroups { return .silentLoss("group \(id) is missing") }
                verdict = .toldUnknown
                continue
            }
            var group = try LogModel.Group(found, log)
            #expect(found.floor == nil || found.hardState.commit <= found.last.index)
            group.hardState.commit = found.writtenCommit
            if found.floor == nil {
                if group != truly { return .silentLoss("group \(id) differs and has no floor") }
                continue
            }
            if recovery.damage.isEmpty { return .silentLoss("group \(id) has a floor and nothing is told") }
            if found.floor == .unknown {
                verdict = .toldUnknown
                continue
            }
            guard found.floor == .position(truly.last), group.hardState == truly.hardState else {
                return .silentLoss("group \(id) has the wrong end or hard state")
            }
            if verdict != .toldUnknown { verdict = .toldExactly }
        }
        return verdict
    }

    private func count(_ verdicts: [Verdict], _ verdict: Verdict) -> Int { verdicts.count { $0 == verdict } }

    private func silent(_ verdicts: [Verdict]) -> [String] {
        verdicts.compactMap { if case .silentLoss(let what) = $0 { what } else { nil } }
    }

    @Test(arguments: [UInt8(0x01), 0x80, 0xFF], [false, true])
    func aFlippedByteAnywhereIsToldWithTheTrueEnd(mask: UInt8, closed: Bool) throws {
        let patient = try Patient(closed: closed)
        // One mask for every byte; the others for some. The reserved zeros of the newest segment are all alike.
        let step = mask == 0x80 && !closed ? 1 : 29
        var verdicts: [Verdict] = []
        for name in patient.names {
            for offset in stride(from: 0, to: patient.size(name), by: step) {
                guard name != patient.newest || offset < patient.end + 600 || offset % 97 == 0 else { continue }
                let disk = patient.disk.copy(seed: 1)
                disk.corrupt(LogHarness.path, name, at: offset, mask: mask)
                let verdict = try examine(disk, patient.truth)
                if verdict == .toldUnknown {
                    // The one place where a whole batch of one sector may have stood, unless the log was closed there.
                    #expect(!closed && name == patient.newest && offset / 512 == patient.end / 512)
                }
                verdicts.append(verdict)
            }
        }
        #expect(silent(verdicts) == [])
        #expect(count(verdicts, .refused) == 0)
        #expect(count(verdicts, .toldExactly) > verdicts.count / 10)
    }

    @Test func aFlippedByteOfTheLastBatchIsNoTornTail() throws {
        for wiped in [false, true] {
            let patient = try Patient()
            // Without its lines the ledger proves nothing: as after a power cut that came before it was durable.
            if wiped {
                patient.disk.shorten(LogHarness.path, patient.names.last { $0.hasSuffix("ledger") } ?? "", to: 512)
            }
            let contents = try #require(patient.disk.contents(LogHarness.path, patient.newest))
            let lastUsed = try #require(contents.lastIndex { $0 != 0 })
            let last = lastUsed / 512 * 512
            for offset in last..<last + 512 {
                let disk = patient.disk.copy(seed: 1)
                disk.corrupt(LogHarness.path, patient.newest, at: offset, mask: 0x10)
                let verdict = try examine(disk, patient.truth)
                #expect(verdict == (wiped ? .toldUnknown : .toldExactly))
            }
        }
    }

    @Test func theBatchThatFollowsAttestsWithoutTheLedger() throws {
        let patient = try Patient()
        let name = try #require(patient.names.last { $0.hasSuffix(".ledger") })
        let ledger = try #require(patient.disk.contents(LogHarness.path, name))
        let rosterEnd = ledger.withUnsafeBytes { raw in
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: raw[512...]))
            _ = LedgerLine.next(&reader, seed: LedgerLine.seed(identity: 77, segment: 2))
            return 512 + reader.offset
        }
        patient.disk.shorten(LogHarness.path, name, to: rosterEnd)
        var exact = 0
        // All but the last batch, which may take up to three sectors.
        for offset in stride(from: 512, to: patient.end - 3 * 512, by: 17) {
            let disk = patient.disk.copy(seed: 1)
            disk.corrupt(LogHarness.path, patient.newest, at: offset, mask: 0x10)
            let verdict = try examine(disk, patient.truth)
            #expect(verdict == .toldExactly || verdict == .toldHarmless)
            if verdict == .toldExactly { exact += 1 }
        }
        #expect(exact > 10)
    }

    @Test func aLostLastBatchIsKnownFromTheLedger() throws {
        let patient = try Patient()
        let contents = try #require(patient.disk.contents(LogHarness.path, patient.newest))
        let last = try #require(contents.lastIndex { $0 != 0 }) / 512 * 512
        patient.disk.overwrite(LogHarness.path, patient.newest, at: last, with: [UInt8](repeating: 0, count: 512))
        #expect(try examine(patient.disk, patient.truth) == .toldExactly)
    }

    @Test func aSegmentThatIsLostAsAWholeIsToldOnceAPlace() throws {
        let patient = try Patient()
        for name in patient.names where name.hasPrefix("00000000000000000001.") {
            let zeros = [UInt8](repeating: 0, count: patient.size(name))
            patient.disk.overwrite(LogHarness.path, name, at: 0, with: zeros)
        }
        let opened = try WriteAheadLog.open(in: patient.disk.directory(LogHarness.path), options: .tiny)
        let damage = opened.recovery.damage
        #expect(!damage.isEmpty)
        #expect(Set(damage).count == damage.count, "\(damage.map(\.description))")
    }

    @Test func aFileCutAnywhereIsTold() throws {
        for closed in [false, true] {
            let patient = try Patient(closed: closed)
            var verdicts: [Verdict] = []
            for name in patient.names {
                for size in stride(from: 0, to: patient.size(name), by: 61) {
                    let disk = patient.disk.copy(seed: 1)
                    disk.shorten(LogHarness.path, name, to: size)
                    verdicts.append(try examine(disk, patient.truth))
                }
            }
            #expect(silent(verdicts) == [])
            #expect(count(verdicts, .refused) == 0)
            if closed { #expect(count(verdicts, .toldUnknown) == 0) }
        }
    }

    @Test func aLostBlockOfTheCatalogLeavesTheOther() throws {
        let patient = try Patient()
        for block in [0, 4096] {
            let disk = patient.disk.copy(seed: 1)
            for offset in stride(from: block, to: block + 4096, by: 512) {
                disk.corrupt(LogHarness.path, "catalog", at: offset + 20, mask: 1)
            }
            let found = Catalog.find(in: try #require(disk.contents(LogHarness.path, "catalog")))
            #expect(found.identity == 77 && !found.isIntact)
            #expect(try examine(disk, patient.truth) == .toldHarmless)
        }
    }

    @Test func aDeletedFileIsTold() throws {
        for closed in [false, true] {
            let patient = try Patient(closed: closed)
            for name in patient.names {
                let disk = patient.disk.copy(seed: 1)
                disk.delete(LogHarness.path, name)
                let verdict = try examine(disk, patient.truth)
                #expect(verdict != .unharmed && verdict != .refused)
                if !name.hasSuffix(".segment") { #expect(verdict == .toldHarmless) }
                if name == patient.newest { #expect(verdict == (closed ? .toldExactly : .toldUnknown)) }
                if case .silentLoss(let what) = verdict { Issue.record("\(name): \(what)") }
                if closed { #expect(verdict != .toldUnknown) }
            }
            for name in patient.names { patient.disk.delete(LogHarness.path, name) }
            #expect(throws: LogError.missing) {
                try WriteAheadLog.open(in: patient.disk.directory(LogHarness.path), options: .tiny)
            }
        }
    }

    @Test func filesThatChangedPlacesAreTold() throws {
        let patient = try Patient()
        for (place, first) in patient.names.enumerated() {
            for second in patient.names[(place + 1)...] {
                let disk = patient.disk.copy(seed: 1)
                disk.swap(LogHarness.path, first, second)
                let verdict = try examine(disk, patient.truth)
                if case .silentLoss(let what) = verdict { Issue.record("\(first) and \(second): \(what)") }
                #expect(verdict != .unharmed)
            }
        }
    }

    @Test func bytesOfAnotherSegmentOrAnotherPlaceNeverPassForRecords() throws {
        let patient = try Patient(settled: true)
        let segments = patient.names.filter { $0.hasSuffix(".segment") }
        let old = try #require(patient.disk.contents(LogHarness.path, segments[0]))
        let new = try #require(patient.disk.contents(LogHarness.path, segments[1]))
        let free = try #require(new.lastIndex { $0 != 0 }) / 512 + 1
        // The whole of an old segment behind the tail; then the tail's own first batches once more.
        for stale in [Array(old.dropFirst(512)), Array(new[512..<512 * 4])] {
            let disk = patient.disk.copy(seed: 1)
            let room = new.count - free * 512
            disk.overwrite(LogHarness.path, segments[1], at: free * 512, with: Array(stale.prefix(room)))
            let verdict = try examine(disk, patient.truth)
            // Foreign bytes where the next batch would begin may have replaced one: they are never believed, yet told.
            #expect(verdict == .toldUnknown)
            let behind = patient.disk.copy(seed: 1)
            behind.overwrite(LogHarness.path, segments[1], at: (free + 1) * 512, with: Array(stale.prefix(room - 512)))
            #expect(try examine(behind, patient.truth) == .toldHarmless)
        }
    }

    @Test func aSectorThatCannotBeReadIsDamageLikeAnyOther() throws {
        let patient = try Patient()
        for name in patient.names {
            for offset in stride(from: 0, to: patient.size(name), by: 512) {
                let disk = patient.disk.copy(seed: 1)
                disk.makeUnreadable(LogHarness.path, name, at: offset)
                let verdict = try examine(disk, patient.truth)
                if case .silentLoss(let what) = verdict { Issue.record("\(name) at \(offset): \(what)") }
                #expect(verdict != .refused)
            }
        }
    }

    @Test(arguments: 0..<40)
    func writesThatGoAstrayOrLoseSectorsAreTold(seed: UInt64) throws {
        let harness = LogHarness(seed: seed)
        var records = RecordGenerator(seed: seed)
        try harness.start()
        for step in 0..<30 {
            if step == 12 + Int(seed % 10) {
                if seed % 2 == 0 { harness.disk.misdirectNextWrite(bySectors: Int(seed % 5) + 1) }
                if seed % 2 == 1 { harness.disk.tearNextWrite() }
            }
            for _ in 0..<2 { try harness.append(records.next(for: harness.model)) }
            try harness.sync()
        }
        harness.kill()
        let verdict = try examine(harness.disk, harness.model)
        if case .silentLoss(let what) = verdict { Issue.record("\(what)") }
    }

    @Test(arguments: 0..<30)
    func aFloorLastsUntilTheReplicaIsRepaired(seed: UInt64) throws {
        let patient = try Patient()
        let disk = patient.disk.copy(seed: seed)
        var random = SeededGenerator(seed: seed)
        let offset = 512 * Int.random(in: 1..<12, using: &random)
        disk.corrupt(LogHarness.path, patient.names.first { $0.hasSuffix(".segment") } ?? "", at: offset, mask: 4)
        let path = LogHarness.path
        let (log, recovery) = try WriteAheadLog.open(in: disk.directory(path), options: .tiny)
        let hurt = recovery.groups.filter { $0.floor != nil }
        // The log goes on: what is left is durable together with the floors.
        let other = PartitionID(50)
        try log.append(.create(other))
        for group in hurt {
            let next = Entry(index: group.last.index.next, term: Term(1 << 20), payload: .noop)
            try log.append(.entries(group.group, [next]))
        }
        try log.sync()
        disk.losePower(.nothing)
        let (again, second) = try WriteAheadLog.open(in: disk.directory(path), options: .tiny)
        for group in hurt {
            let found = try #require(second.groups.first { $0.group == group.group })
            #expect(found.floor == group.floor)
            #expect(found.last == LogPosition(term: Term(1 << 20), index: group.last.index.next))
            #expect(found.hardState == group.hardState)
            try again.append(.repaired(group.group))
        }
        #expect(second.groups.contains { $0.group == other && $0.floor == nil })
        try again.sync()
        disk.losePower(.nothing)
        let (_, third) = try WriteAheadLog.open(in: disk.directory(path), options: .tiny)
        #expect(third.groups.allSatisfy { $0.floor == nil })
    }

    @Test func recordsThatContinueALostReplacementAreNotJoinedToWhatItReplaced() throws {
        let harness = LogHarness(seed: 1)
        harness.options = .tiny
        let group = PartitionID(1)
        func entries(_ range: ClosedRange<UInt64>, _ term: UInt64) -> LogRecord {
            .entries(group, range.map { Entry(index: LogIndex($0), term: Term(term), payload: .noop) })
        }
        try harness.start()
        try harness.append(.create(group))
        try harness.append(.hardState(group, HardState(term: Term(1), vote: nil, commit: LogIndex(4))))
        // One sector each: entries, their replacement, something else, what continues the replacement.
        let other = LogRecord.create(PartitionID(2))
        for record in [entries(1...10, 1), entries(5...10, 2), other, entries(11...12, 2)] {
            try harness.append(record)
            try harness.sync()
        }
        while harness.log?.segmentCount == 1 {
            try harness.append(.hardState(PartitionID(2), HardState(term: Term(1), vote: nil, commit: .zero)))
            try harness.sync()
        }
        harness.kill()
        // The replacement and the batch that attests it are lost, and so is the ledger.
        let names = harness.disk.fileNames(LogHarness.path)
        for sector in [3, 4] {
            harness.disk.corrupt(LogHarness.path, names[1], at: sector * 512 + 100, mask: 1)
        }
        harness.disk.shorten(LogHarness.path, names[0], to: 512)
        let (log, recovery) = try WriteAheadLog.open(in: harness.disk.directory(LogHarness.path), options: .tiny)
        let found = try #require(recovery.groups.first)
        #expect(found.floor == .position(LogPosition(term: Term(2), index: LogIndex(12))))
        // Of the rest nobody can say whether it was replaced.
        #expect(found.last == LogPosition(term: Term(1), index: LogIndex(4)))
        #expect(try log.read(group, from: LogIndex(1), maxBytes: 1000).allSatisfy { $0.term == Term(1) })
    }

    @Test func aRecordThatRotsUnderARunningLogStopsIt() throws {
        let harness = LogHarness(seed: 1)
        let group = PartitionID(1)
        try harness.start()
        try harness.append(.create(group))
        try harness.append(.entries(group, [Entry(index: LogIndex(1), term: Term(1), payload: .command([1, 2, 3]))]))
        try harness.sync()
        let name = "00000000000000000001.segment"
        harness.disk.corrupt(LogHarness.path, name, at: 1024 + 40, mask: 1)
        let damage = LogDamage(kind: .batch, segment: 1, offset: 1024, groups: [group])
        #expect(throws: LogError.damaged(damage)) { try harness.log?.read(group, from: LogIndex(1), maxBytes: 10) }
        #expect(throws: LogError.damaged(damage)) { try harness.log?.sync() }
    }
}
