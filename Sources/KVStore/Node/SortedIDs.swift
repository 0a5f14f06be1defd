internal import Raft

/// A set of partitions that is always walked in ascending order, so that runs do not differ.
struct SortedIDs {
    private(set) var ids: [PartitionID] = []

    var isEmpty: Bool { ids.isEmpty }

    mutating func insert(_ id: PartitionID) {
        if let last = ids.last, last < id { return ids.append(id) }
        let place = self.place(of: id)
        if place < ids.count, ids[place] == id { return }
        ids.insert(id, at: place)
    }

    mutating func remove(_ id: PartitionID) {
        let place = self.place(of: id)
        if place < ids.count, ids[place] == id { ids.remove(at: place) }
    }

    func contains(_ id: PartitionID) -> Bool {
        let place = self.place(of: id)
        return place < ids.count && ids[place] == id
    }

    mutating func removeAll() { ids.removeAll(keepingCapacity: true) }

    private func place(of id: PartitionID) -> Int {
        var low = 0
        var high = ids.count
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
