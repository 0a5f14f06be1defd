/// The frame around each 512 bytes of a segment.
///
///     | checksum 4 | sequence 4 | place 4 | 500 bytes of a batch |
///
/// A sector is the unit that a disk writes whole, so it is the unit that can be judged by itself. A sector that was
/// being written when the power failed holds its old bytes or its new ones: zeros, since segments begin as zeros and
/// each sector is written once, or a valid frame. *Anything else is damage*, whoever wrote last. That is how a torn
/// write and a flipped bit are told apart without asking anybody.
///
/// The checksum begins with the log's identity, the segment's number and the sector's number, so that a sector is valid
/// at home only: bytes of another log, of an older segment, or of a write that went astray never pass for records.
struct SectorFormat {
    static let bytes = 512
    static let frameBytes = 12
    static let payloadBytes = bytes - frameBytes
    /// Marks a place as written: it keeps a valid sector from ever being all zeros.
    private static let writtenMark: UInt32 = 1 << 31
    private static let lastMark: UInt32 = 1 << 30
    private static let indexMask: UInt32 = lastMark - 1

    private let home: UInt32

    init(identity: UInt64, segment: UInt64) { home = Checksum.ofPlace(identity, segment) }

    /// How many sectors hold `count` bytes of a batch.
    static func sectors(for count: Int) -> Int { (count + payloadBytes - 1) / payloadBytes }

    /// Puts `payload` into sectors of its own at the end of `image`; the first of them is to be written as `start`.
    func frame(_ payload: [UInt8], sequence: UInt64, start: Int, into image: inout [UInt8]) {
        let count = Self.sectors(for: payload.count)
        let base = image.count
        image.append(contentsOf: repeatElement(0, count: count * Self.bytes))
        payload.withUnsafeBytes { source in
            image.withUnsafeMutableBytes { target in
                for index in 0..<count {
                    let sector = UnsafeMutableRawBufferPointer(
                        rebasing: target[base + index * Self.bytes..<base + (index + 1) * Self.bytes]
                    )
                    let from = index * Self.payloadBytes
                    let part = source[from..<min(from + Self.payloadBytes, source.count)]
                    var place = Self.writtenMark | UInt32(index)
                    if index == count - 1 { place |= Self.lastMark }
                    sector.storeBytes(
                        of: UInt32(truncatingIfNeeded: sequence).littleEndian,
                        toByteOffset: 4,
                        as: UInt32.self
                    )
                    sector.storeBytes(of: place.littleEndian, toByteOffset: 8, as: UInt32.self)
                    UnsafeMutableRawBufferPointer(rebasing: sector[Self.frameBytes...])
                        .copyBytes(from: UnsafeRawBufferPointer(rebasing: part))
                    let checksum = checksum(UnsafeRawBufferPointer(sector), number: start + index)
                    sector.storeBytes(of: checksum.littleEndian, as: UInt32.self)
                }
            }
        }
    }

    /// Judges the 512 bytes found as sector `number`.
    func judge(_ sector: UnsafeRawBufferPointer, number: Int) -> SectorState {
        if sector.isAllZero { return .unwritten }
        let stored = UInt32(littleEndian: sector.loadUnaligned(as: UInt32.self))
        let place = UInt32(littleEndian: sector.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        guard stored == checksum(sector, number: number), place & Self.writtenMark != 0 else { return .damaged }
        let sequence = UInt32(littleEndian: sector.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        return .valid(
            SectorPlace(
                sequence: sequence,
                index: Int(place & Self.indexMask),
                isLast: place & Self.lastMark != 0
            )
        )
    }

    private func checksum(_ sector: UnsafeRawBufferPointer, number: Int) -> UInt32 {
        let place = Checksum.ofNumber(UInt64(number), after: home)
        return Checksum.of(UnsafeRawBufferPointer(rebasing: sector[4..<Self.bytes]), after: place)
    }
}

/// What a sector turned out to be.
enum SectorState: Hashable {
    /// All zeros: nothing was written here, or it did not arrive.
    case unwritten
    /// Neither what was written nor what was there before.
    case damaged
    /// As it was written.
    case valid(SectorPlace)
}

/// Where a sector belongs: the low half of its batch's sequence number, and its place in the batch.
struct SectorPlace: Hashable {
    let sequence: UInt32
    let index: Int
    let isLast: Bool
}
