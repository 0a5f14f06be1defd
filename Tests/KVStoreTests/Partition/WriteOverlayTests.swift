import Raft
import Testing

@testable import KVStore

@Suite("Partitions: what a batch has written so far")
struct WriteOverlayTests {
    @Test("It answers as a map with deleted ranges would", arguments: 0..<40)
    func model(seed: UInt64) {
        let keys = PartitionKeys(partition)
        var random = SplitMix(seed: seed)
        var overlay = WriteOverlay(keys)
        let all: [[UInt8]] = (0..<40).map { [UInt8($0 / 6), UInt8($0 % 6)] }
        var expected: [[UInt8]: WriteOverlay.Value] = [:]
        for step in 0..<120 {
            let a = Int.random(in: 0..<40, using: &random)
            let b = Int.random(in: 0..<40, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                overlay.set(all[a][...], [UInt8(step)])
                expected[all[a]] = .present([UInt8(step)])
            case 1:
                overlay.set(all[a][...], nil)
                expected[all[a]] = .absent
            default:
                overlay.delete(keys.userRange(from: all[min(a, b)][...], upTo: all[max(a, b)][...]))
                for place in min(a, b)..<max(a, b) { expected[all[place]] = .absent }
            }
            for key in all { #expect(overlay.value(of: key[...]) == expected[key] ?? .untouched) }
        }
    }
}
