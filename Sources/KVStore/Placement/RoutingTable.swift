public import Raft

/// Which partition each key lies in, as far as a node knows.
///
/// It may be old: the node that is asked looks at the epoch by which a request came, and says when there is a newer one.
/// Descriptors may be learnt in any order, since parts that a split or a merge makes have greater epochs than what they
/// are made of: of two that overlap, the one with the greater epoch is right. What it replaces goes as a whole, so that
/// ranges never overlap; the keys that nobody is left for are unknown until their descriptor is learnt.
public struct RoutingTable: Hashable, Sendable {
    /// What is known, in the order of keys.
    public private(set) var descriptors: [PartitionDescriptor] = []

    /// Knows nothing.
    public init() {}

    /// Knows whatever is newest of these.
    public init(_ descriptors: some Sequence<PartitionDescriptor>) {
        for descriptor in descriptors { learn(descriptor) }
    }

    /// True when it is known of every key where it lies.
    public var isComplete: Bool { self.descriptors(of: KeySpace.everything) != nil }

    /// The partition of a key and what is known of it; nil while that is nothing.
    public func descriptor(of key: [UInt8]) -> PartitionDescriptor? {
        let place = firstPlace(endingBehind: key)
        guard place < descriptors.count, descriptors[place].range.contains(key) else { return nil }
        return descriptors[place]
    }

    /// The partition of a key; nil while that is not known.
    public func partition(of key: [UInt8]) -> PartitionID? { descriptor(of: key)?.id }

    /// The partitions of a range, in the order of keys, each with its part of the range; nil while it is not known of
    /// some key where it lies. None where the range is empty.
    public func descriptors(of range: KeyRange) -> [(descriptor: PartitionDescriptor, part: KeyRange)]? {
        var parts: [(descriptor: PartitionDescriptor, part: KeyRange)] = []
        var lower = range.lower
        var place = firstPlace(endingBehind: lower)
        while KeyOrder.compare(lower, range.upper) < 0 {
            guard place < descriptors.count, descriptors[place].range.contains(lower) else { return nil }
            let end = descriptors[place].range.upper
            let upper = KeyOrder.compare(end, range.upper) < 0 ? end : range.upper
            parts.append((descriptors[place], KeyRange(lower, upper)))
            lower = upper
            place += 1
        }
        return parts
    }

    /// What is known of a partition; nil while that is nothing.
    public func descriptor(ofPartition partition: PartitionID) -> PartitionDescriptor? {
        descriptors.first { $0.id == partition }
    }

    /// Since when a partition owns what it does, as far as is known.
    public func epoch(of partition: PartitionID) -> UInt64? { descriptor(ofPartition: partition)?.epoch }

    /// Takes in what somebody says of a partition, unless something as new is known of it or of one of its keys.
    ///
    /// - Returns: whether it was news.
    @discardableResult
    public mutating func learn(_ news: PartitionDescriptor) -> Bool {
        guard !news.range.isEmpty else { return false }
        func isReplaced(_ known: PartitionDescriptor) -> Bool {
            known.id == news.id || known.range.overlaps(news.range)
        }
        guard descriptors.allSatisfy({ !isReplaced($0) || $0.epoch < news.epoch }) else { return false }
        descriptors.removeAll(where: isReplaced)
        descriptors.insert(news, at: firstPlace(endingBehind: news.range.lower))
        return true
    }

    /// The place of the first range that ends behind a key.
    private func firstPlace(endingBehind key: [UInt8]) -> Int {
        var low = 0
        var high = descriptors.count
        while low < high {
            let middle = (low + high) / 2
            if KeyOrder.compare(descriptors[middle].range.upper, key) <= 0 { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension KeyRange {
    /// True where some key may lie in both.
    fileprivate func overlaps(_ other: KeyRange) -> Bool {
        KeyOrder.compare(lower, other.upper) < 0 && KeyOrder.compare(other.lower, upper) < 0
    }
}
