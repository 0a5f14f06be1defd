import KVStore
import Raft

/// The commands of a trial. Each is a function of the seed, its partition and its number, so that whoever knows how
/// many there were knows what they have left.
struct Workload {
    static let partitions = (1...4).map { PartitionID($0) }
    /// The most commands of one partition that are on their way together.
    static let mostInFlight = 64

    let seed: UInt64

    /// The command with this number, counted from 1.
    func command(_ number: UInt64, of partition: PartitionID, mintedAt: LogIndex) -> Command {
        Command(id: CommandID(UInt128(number)), mintedAt: mintedAt, operations: operations(number, of: partition))
    }

    /// What the command with this number does.
    func operations(_ number: UInt64, of partition: PartitionID) -> [Command.Operation] {
        var outer = SplitMix(seed: seed ^ partition.rawValue << 56)
        var random = SplitMix(seed: outer.next() ^ number &* 0xD6E8_FEB8_6659_FD93)
        let count = Int.random(in: 0..<10, using: &random) == 0 ? Int.random(in: 2...6, using: &random) : 1
        return (0..<count).map { _ in operation(number, &random) }
    }

    private func operation(_ number: UInt64, _ random: inout SplitMix) -> Command.Operation {
        switch Int.random(in: 0..<1000, using: &random) {
        case 0..<600: .put(key: key(&random), value: value(number, Int.random(in: 8...200, using: &random), &random))
        case 600..<640:
            .put(key: key(&random), value: value(number, Int.random(in: 1...16, using: &random) << 10, &random))
        case 640..<643:
            .put(key: key(&random), value: value(number, Int.random(in: 64...128, using: &random) << 10, &random))
        case 643..<760: .delete(key: key(&random))
        case 760..<970: compareAndSet(&random)
        default: deleteRange(&random)
        }
    }

    /// Over few keys and values, so that the condition often holds and often does not.
    private func compareAndSet(_ random: inout SplitMix) -> Command.Operation {
        let key = Array("register \(Int.random(in: 0..<8, using: &random))".utf8)
        return .compareAndSet(key: key[...], expected: registerValue(&random), new: registerValue(&random))
    }

    private func registerValue(_ random: inout SplitMix) -> ArraySlice<UInt8>? {
        let value = Int.random(in: 0..<3, using: &random)
        return value == 0 ? nil : [UInt8(value)][...]
    }

    private func deleteRange(_ random: inout SplitMix) -> Command.Operation {
        let first = Int.random(in: 0..<Self.keyCount, using: &random)
        let end = first + Int.random(in: 1...Self.keyCount / 16, using: &random)
        return .deleteRange(from: key(first), upTo: end < Self.keyCount ? key(end) : nil)
    }

    private static let keyCount = 256

    private func key(_ random: inout SplitMix) -> ArraySlice<UInt8> {
        key(Int.random(in: 0..<Self.keyCount, using: &random))
    }

    /// Two bytes, ordered as the numbers are.
    private func key(_ number: Int) -> ArraySlice<UInt8> { [UInt8(number >> 4), UInt8(number & 15)][...] }

    /// Bytes of which the first tell the command, and about half can be compressed away.
    private func value(_ number: UInt64, _ count: Int, _ random: inout SplitMix) -> ArraySlice<UInt8> {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 16)
        var word = number
        while bytes.count < count {
            withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: [0, 0, 0, 0, 0, 0, 0, 0])
            word = random.next()
        }
        return bytes[..<count]
    }
}

/// A small generator whose whole state is its seed (Steele, Lea and Flood 2014), so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
