import KVStoreSamples
import Raft
import Testing

@testable import KVStore

@Suite("The partitions of a new cluster")
struct PartitionLayoutTests {
    @Test("Every key lies in exactly one, however many there are", arguments: PartitionLayout.counts)
    func everyKey(count: Int) throws {
        let layout = PartitionLayout(partitions: count)
        #expect(layout.descriptors.map(\.id) == (2..<UInt64(count) + 2).map { PartitionID($0) })
        #expect(layout.descriptors.allSatisfy { $0.epoch == 1 && !$0.range.isEmpty })
        #expect(layout.descriptors.first?.range.lower == [1])
        #expect(layout.descriptors.last?.range.upper == [0xFF])
        for (one, next) in zip(layout.descriptors, layout.descriptors.dropFirst()) {
            #expect(one.range.upper == next.range.lower)
        }
        var random = SplitMix(seed: UInt64(count))
        for _ in 0..<50 {
            var key = (0..<Int.random(in: 0...4, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            key.insert(UInt8.random(in: 1...0xFE, using: &random), at: 0)
            if layout.descriptors.count(where: { $0.range.contains(key) }) != 1 { Issue.record("\(key)") }
        }
    }

    @Test("A quarter is the operators', the rest the domain's", arguments: 2...256)
    func shares(count: Int) {
        let descriptors = PartitionLayout(partitions: count).descriptors
        let operators = descriptors.prefix { KeyOrder.compare($0.range.lower, [KeySpace.domain]) < 0 }
        #expect(operators.count == max(1, count / 4))
        #expect(operators.last?.range.upper == [KeySpace.domain])
    }

    @Test("The domain's keys are cut between buckets, evenly", arguments: 2...256)
    func buckets(count: Int) {
        let descriptors = PartitionLayout(partitions: count).descriptors.drop {
            KeyOrder.compare($0.range.lower, [KeySpace.domain]) < 0
        }
        #expect(descriptors.first?.range.lower == [KeySpace.domain])
        #expect(descriptors.dropFirst().allSatisfy { $0.range.lower.count == 3 })
        let begins = descriptors.map { descriptor in
            descriptor.range.lower.dropFirst().reduce(0) { $0 << 8 | Int($1) }
        }
        let sizes = zip(begins, begins.dropFirst() + [65_536]).map { $1 - $0 }
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }

    @Test("Operators' keys are cut among digits and letters")
    func operatorKeys() {
        func cuts(_ parts: Int) -> [String] {
            OperatorKeyCuts.cuts(into: parts).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(cuts(1) == [])
        #expect(cuts(2) == ["g"])
        #expect(cuts(4) == ["5", "g", "q"])
        #expect(cuts(8) == ["2", "5", "a", "g", "l", "q", "v"])
        for parts in 1...64 {
            let cuts = OperatorKeyCuts.cuts(into: parts)
            #expect(cuts.count == parts - 1)
            #expect(cuts.allSatisfy { (1...2).contains($0.count) && $0.allSatisfy { (0x30...0x7A).contains($0) } })
            #expect(zip(cuts, cuts.dropFirst()).allSatisfy { KeyOrder.compare($0, $1) < 0 }, "\(parts)")
        }
        let begins = PartitionLayout(partitions: 16).descriptors.prefix(5).map(\.range.lower)
        #expect(begins == [[1], [1, 0x35], [1, 0x67], [1, 0x71], [0x10]])
    }
}
