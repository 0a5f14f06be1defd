import KVStoreSamples
import Raft
import Testing

@testable import KVStore

@Suite("Where keys lie, as far as a node knows")
struct RoutingTableTests {
    private func descriptor(_ id: UInt64, _ lower: UInt8, _ upper: UInt8, _ epoch: UInt64) -> PartitionDescriptor {
        PartitionDescriptor(id: PartitionID(id), range: KeyRange([lower], [upper]), epoch: epoch)
    }

    @Test func nothingIsKnownAtFirst() {
        let table = RoutingTable()
        #expect(!table.isComplete)
        #expect(table.partition(of: [5]) == nil)
        #expect(table.descriptors(of: KeyRange([1], [2])) == nil)
        #expect(table.descriptors(of: KeyRange([1], [1]))?.isEmpty == true)
        #expect(table.epoch(of: PartitionID(2)) == nil)
    }

    @Test func rangesAreCutAtTheEndsOfPartitions() throws {
        let table = RoutingTable([descriptor(3, 0x40, 0xFF, 7), descriptor(2, 1, 0x40, 1)])
        #expect(table.isComplete)
        #expect(table.partition(of: [1]) == PartitionID(2))
        #expect(table.partition(of: [0x3F, 0xFF]) == PartitionID(2))
        #expect(table.partition(of: [0x40]) == PartitionID(3))
        #expect(table.partition(of: []) == nil)
        #expect(table.partition(of: [0xFF]) == nil)
        #expect(table.epoch(of: PartitionID(3)) == 7)
        let parts = try #require(table.descriptors(of: KeyRange([2], [0x50])))
        #expect(parts.map(\.descriptor.id) == [PartitionID(2), PartitionID(3)])
        #expect(parts.map(\.part) == [KeyRange([2], [0x40]), KeyRange([0x40], [0x50])])
        #expect(table.descriptors(of: KeyRange([0x40], [0x41]))?.map(\.part) == [KeyRange([0x40], [0x41])])
        #expect(table.descriptors(of: KeyRange([0], [0x41])) == nil)
    }

    @Test func onlyGreaterEpochsAreNews() {
        var table = RoutingTable([descriptor(2, 1, 0xFF, 3)])
        let empty = PartitionDescriptor(id: PartitionID(4), range: KeyRange([9], [9]), epoch: 9)
        for old in [descriptor(2, 1, 9, 3), descriptor(2, 1, 9, 2), descriptor(3, 5, 9, 3), empty] {
            let isNews = table.learn(old)
            #expect(!isNews)
        }
        #expect(table.partition(of: [6]) == PartitionID(2))
        let isNews = table.learn(descriptor(3, 5, 9, 4))
        #expect(isNews)
        #expect(table.descriptors == [descriptor(3, 5, 9, 4)])
    }

    @Test("Whatever was split and merged, and in whatever order it is learnt, the end is the same", arguments: 0..<50)
    func anyOrder(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var current = PartitionLayout(partitions: 1 + Int(seed % 5)).descriptors
        var history = current
        var lastID = current.last?.id.rawValue ?? 2
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            let place = Int.random(in: 0..<current.count, using: &random)
            let old = current[place]
            if Bool.random(using: &random), place + 1 < current.count {
                let next = current[place + 1]
                let range = KeyRange(old.range.lower, next.range.upper)
                let merged = PartitionDescriptor(id: old.id, range: range, epoch: max(old.epoch, next.epoch) + 1)
                current.replaceSubrange(place...place + 1, with: [merged])
                history.append(merged)
            } else {
                let middle = old.range.lower + [UInt8.random(in: 1...200, using: &random)]
                guard old.range.contains(middle) else { continue }
                lastID += 1
                let (lower, upper) = (KeyRange(old.range.lower, middle), KeyRange(middle, old.range.upper))
                let left = PartitionDescriptor(id: old.id, range: lower, epoch: old.epoch + 1)
                let right = PartitionDescriptor(id: PartitionID(lastID), range: upper, epoch: old.epoch + 1)
                current.replaceSubrange(place...place, with: [left, right])
                history += [left, right]
            }
        }
        var table = RoutingTable()
        for descriptor in history.shuffled(using: &random) + history.shuffled(using: &random) {
            table.learn(descriptor)
            for (one, next) in zip(table.descriptors, table.descriptors.dropFirst()) {
                if KeyOrder.compare(one.range.upper, next.range.lower) > 0 { Issue.record("\(one) overlaps \(next)") }
            }
        }
        #expect(table.descriptors == current)
        #expect(table.isComplete)
    }
}

@Suite("What is written about partitions")
struct PlacementRecordTests {
    private let record = PlacementRecord(
        PartitionDescriptor(id: PartitionID(0x0102), range: KeyRange([1], [1, 0x35]), epoch: 300),
        replicas: [NodeID(1), NodeID(2), NodeID(130)]
    )
    private let bytes: [UInt8] = [1, 1, 1, 2, 1, 0x35, 0xAC, 2, 3, 1, 2, 0x82, 1]

    @Test func theFormatHasNotChanged() throws {
        #expect(record.key == Array("partition/".utf8) + [0, 0, 0, 0, 0, 0, 1, 2])
        #expect(record.encoded() == bytes)
        #expect(try PlacementRecord(key: record.key, encoded: bytes) == record)
    }

    @Test func whatALaterProgramHasAddedIsKept() throws {
        let later = bytes + [1, 2, 8, 9, 7, 0]
        let read = try PlacementRecord(key: record.key, encoded: later)
        #expect(read.descriptor == record.descriptor)
        #expect(read.encoded() == later)
    }

    @Test func whatIsNoRecordIsRefused() {
        #expect(throws: FieldError.self) { try PlacementRecord(key: [1], encoded: bytes) }
        for count in bytes.indices {
            #expect(throws: FieldError.self) { try PlacementRecord(key: record.key, encoded: Array(bytes[..<count])) }
        }
        #expect(field { try PlacementRecord(key: record.key, encoded: [2] + bytes.dropFirst()) } == "record version")
        #expect(field { try PlacementRecord(key: record.key, encoded: [1, 1, 5, 1, 5, 1, 0]) } == "upper")
        #expect(field { try PlacementRecord(key: record.key, encoded: [1, 1, 5, 1, 6, 1, 8]) } == "replicas")
        #expect(field { try PlacementRecord(key: record.key, encoded: bytes + [0]) } == "later field")
        forEachMutation(of: bytes, seed: 1) { bytes in
            guard let read = try? PlacementRecord(key: record.key, encoded: bytes) else { return }
            #expect((try? PlacementRecord(key: read.key, encoded: read.encoded())) == read)
        }
    }

    @Test func partitionsAreToldWhatTheyOwnUntilTheyKnow() {
        let table = RoutingTable(PartitionLayout(partitions: 3).descriptors)
        func due(_ id: UInt64, knows epoch: UInt64?) -> [UInt64] {
            let range = KeyRange([1], [2])
            let known = epoch.map { PartitionDescriptor(id: PartitionID(id), range: range, epoch: $0) }
            return table.descriptionsDue([.init(id: PartitionID(id), described: known)]).map(\.id.rawValue)
        }
        #expect(due(2, knows: nil) == [2])
        #expect(due(2, knows: 0) == [2])
        #expect(due(2, knows: 1) == [])
        #expect(due(2, knows: 5) == [])
        #expect(due(9, knows: nil) == [])
    }
}
