internal import Raft

/// A simulated file's bytes: as a running process sees them, and how to go back to what is durable.
///
/// Only the way back is kept: for each sector that differs, what the medium holds.
final class SimulatedFile {
    private static let sectorBytes = 512

    private(set) var size = 0
    private var durableSize = 0
    /// The visible bytes; whatever lies between their end and `size` is zero.
    private var bytes: [UInt8] = []
    /// What the medium holds of sectors that a synchronisation is still to write.
    private var dirty: [Int: [UInt8]] = [:]
    /// What the medium holds of sectors that a failed synchronisation has marked clean.
    private var forgotten: [Int: [UInt8]] = [:]
    private var unreadable: Set<Int> = []

    var contents: [UInt8] { bytes + [UInt8](repeating: 0, count: size - bytes.count) }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(DiskError) -> Int {
        let count = max(0, min(buffer.count, size - offset))
        guard count > 0 else { return 0 }
        for sector in sectors(offset, count) where unreadable.contains(sector) {
            throw .device(operation: "read", code: 5)
        }
        let stored = max(0, min(count, bytes.count - offset))
        if stored > 0 {
            bytes.withUnsafeBytes { source in
                buffer.copyBytes(from: UnsafeRawBufferPointer(rebasing: source[offset..<offset + stored]))
            }
        }
        UnsafeMutableRawBufferPointer(rebasing: buffer[stored..<count]).initializeMemory(as: UInt8.self, repeating: 0)
        return count
    }

    func write(_ new: UnsafeRawBufferPointer, at offset: Int, dropped: [Bool]) {
        guard !new.isEmpty else { return }
        let touched = sectors(offset, new.count)
        for sector in touched { rememberDurable(sector) }
        grow(to: offset + new.count)
        for sector in touched {
            let position = sector - touched.lowerBound
            if position < dropped.count, dropped[position] { continue }
            unreadable.remove(sector)
            let start = max(offset, sector * Self.sectorBytes)
            let end = min(offset + new.count, (sector + 1) * Self.sectorBytes)
            bytes.withUnsafeMutableBytes { target in
                let part = UnsafeMutableRawBufferPointer(rebasing: target[start..<end])
                part.copyBytes(from: UnsafeRawBufferPointer(rebasing: new[start - offset..<end - offset]))
            }
        }
        size = max(size, offset + new.count)
    }

    func extend(to newSize: Int) { size = max(size, newSize) }

    func truncate(to newSize: Int) {
        guard newSize < size else { return }
        if newSize < bytes.count {
            for sector in sectors(newSize, bytes.count - newSize) { rememberDurable(sector) }
            bytes.removeLast(bytes.count - newSize)
        }
        size = newSize
    }

    func synchronize() {
        dirty = [:]
        durableSize = size
    }

    func failSynchronization() {
        forgotten.merge(dirty) { old, _ in old }
        dirty = [:]
    }

    func losePower(_ survival: SimulatedDisk.Survival, _ generator: inout SeededGenerator) {
        var lost = dirty
        lost.merge(forgotten) { old, _ in old }
        if durableSize != size, !survival.keeps(&generator) { size = durableSize }
        for sector in lost.keys.sorted() {
            guard !survival.keeps(&generator), let old = lost[sector] else { continue }
            grow(to: (sector + 1) * Self.sectorBytes)
            bytes.replaceSubrange(sector * Self.sectorBytes..<(sector + 1) * Self.sectorBytes, with: old)
        }
        if bytes.count > size { bytes.removeLast(bytes.count - size) }
        dirty = [:]
        forgotten = [:]
        durableSize = size
    }

    func copy() -> SimulatedFile {
        let twin = SimulatedFile()
        twin.size = size
        twin.durableSize = size
        twin.bytes = bytes
        twin.unreadable = unreadable
        return twin
    }

    private func sectors(_ offset: Int, _ count: Int) -> Range<Int> {
        offset / Self.sectorBytes..<(offset + count + Self.sectorBytes - 1) / Self.sectorBytes
    }

    private func grow(to count: Int) {
        if bytes.count < count { bytes.append(contentsOf: repeatElement(0, count: count - bytes.count)) }
    }

    private func rememberDurable(_ sector: Int) {
        guard dirty[sector] == nil else { return }
        if let old = forgotten.removeValue(forKey: sector) {
            dirty[sector] = old
            return
        }
        let start = min(sector * Self.sectorBytes, bytes.count)
        let present = bytes[start..<min(start + Self.sectorBytes, bytes.count)]
        dirty[sector] = Array(present) + [UInt8](repeating: 0, count: Self.sectorBytes - present.count)
    }
}

extension SimulatedFile {
    func corrupt(at offset: Int, mask: UInt8) {
        guard offset < size else { return }
        grow(to: offset + 1)
        bytes[offset] ^= mask
    }

    func overwrite(at offset: Int, with new: [UInt8]) {
        grow(to: offset + new.count)
        bytes.replaceSubrange(offset..<offset + new.count, with: new)
        size = max(size, offset + new.count)
        durableSize = max(durableSize, size)
    }

    func makeUnreadable(at offset: Int) { unreadable.insert(offset / Self.sectorBytes) }

    func shorten(to newSize: Int) {
        size = min(size, newSize)
        durableSize = size
        if bytes.count > size { bytes.removeLast(bytes.count - size) }
    }
}

/// One incarnation's handle of a simulated file.
final class SimulatedFileHandle: DiskFile {
    private let disk: SimulatedDisk
    private let file: SimulatedFile
    private let incarnation: Int

    init(disk: SimulatedDisk, file: SimulatedFile) {
        self.disk = disk
        self.file = file
        incarnation = disk.incarnation
    }

    func size() throws(DiskError) -> Int {
        try disk.checkAlive(incarnation)
        return file.size
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(DiskError) -> Int {
        try disk.checkAlive(incarnation)
        return try file.read(into: buffer, at: offset)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DiskError) {
        try disk.operate(incarnation) { () throws(DiskError) in
            try disk.checkRoom(for: offset + bytes.count - file.size, "write")
            let outcome = disk.writeOutcome(sectors: (bytes.count + 511) / 512)
            let target = offset + outcome.shift * 512
            file.write(bytes, at: target, dropped: outcome.dropped)
            if outcome.shift > 0 { file.extend(to: offset + bytes.count) }
        }
    }

    func preallocate(_ size: Int) throws(DiskError) {
        try disk.operate(incarnation) { () throws(DiskError) in
            try disk.checkRoom(for: size - file.size, "preallocate")
            file.extend(to: size)
        }
    }

    func truncate(to size: Int) throws(DiskError) {
        try disk.operate(incarnation) { () throws(DiskError) in file.truncate(to: size) }
    }

    func synchronize() throws(DiskError) {
        try disk.operate(incarnation) { () throws(DiskError) in
            switch disk.synchronizationOutcome() {
            case .works: file.synchronize()
            case .lies: break
            case .fails:
                file.failSynchronization()
                throw .synchronization(code: 5)
            }
        }
    }
}
