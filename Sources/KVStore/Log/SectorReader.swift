/// Reads a segment's sectors one after the other, in large pieces. A sector that the device cannot read counts as
/// damaged: it is no reason to give up the rest.
final class SectorReader {
    /// How many whole sectors the file has.
    let sectors: Int
    private let file: any DiskFile
    private let format: SectorFormat
    private var chunk: [UInt8] = []
    private var chunkStart = 0
    private static let chunkSectors = 512

    init(file: any DiskFile, format: SectorFormat) throws(DiskError) {
        self.file = file
        self.format = format
        sectors = try file.size() / SectorFormat.bytes
    }

    /// Judges a sector, which the file has, and appends what it carries to `payload` if it is valid.
    func read(_ sector: Int, appendingTo payload: inout [UInt8]) throws(DiskError) -> SectorState {
        try load(sector)
        let start = (sector - chunkStart) * SectorFormat.bytes
        return chunk.withUnsafeBytes { raw in
            let bytes = UnsafeRawBufferPointer(rebasing: raw[start..<start + SectorFormat.bytes])
            let state = format.judge(bytes, number: sector)
            if case .valid = state { payload.append(contentsOf: bytes[SectorFormat.frameBytes...]) }
            return state
        }
    }

    /// Judges a sector, which the file has.
    func state(_ sector: Int) throws(DiskError) -> SectorState {
        try load(sector)
        let start = (sector - chunkStart) * SectorFormat.bytes
        return chunk.withUnsafeBytes { raw in
            format.judge(UnsafeRawBufferPointer(rebasing: raw[start..<start + SectorFormat.bytes]), number: sector)
        }
    }

    private func load(_ sector: Int) throws(DiskError) {
        let loaded = chunk.count / SectorFormat.bytes
        if sector >= chunkStart, sector < chunkStart + loaded { return }
        let count = min(Self.chunkSectors, sectors - sector)
        do {
            chunk = try file.read(count * SectorFormat.bytes, at: sector * SectorFormat.bytes)
        } catch {
            guard case .device = error else { throw error }
            chunk = try readEach(sector..<sector + count)
        }
        chunkStart = sector
    }

    private func readEach(_ range: Range<Int>) throws(DiskError) -> [UInt8] {
        var bytes: [UInt8] = []
        for sector in range {
            do {
                bytes += try file.read(SectorFormat.bytes, at: sector * SectorFormat.bytes)
            } catch {
                guard case .device = error else { throw error }
                bytes += [UInt8](repeating: 0xFF, count: SectorFormat.bytes)
            }
        }
        return bytes
    }
}
