// What lists say about who came before whom. The longest list that was read of a key shows the order in which its
// elements were appended; every other list that was read of it must be a beginning of that one.
//
//     longest:   [4, 1, 7]          writer(4) ─ww→ writer(1) ─ww→ writer(7)
//     a read:    [4, 1]             writer(1) ─wr→ reader ─rw→ writer(7)
//
// Appended elements that nobody has read come behind all that were read: who read the longest list had not seen them.

/// The lists of a history, and what contradicts itself already in them.
struct ListOrders {
    /// One key.
    struct List {
        let key: String
        /// The longest list that was read.
        var order: [Int64] = []
        /// Who has appended each of its elements; nil where that is not known.
        var writers: [Int?] = []
        /// Those who certainly committed and appended what nobody has read.
        var unread: [Int] = []
        /// Reads of others' elements: who, and how many elements were there.
        var reads: [(reader: Int, count: Int)] = []
    }

    /// In the order in which keys first occur.
    private(set) var lists: [List] = []
    private(set) var anomalies: [ListAppendAnomaly] = []
    /// Whether a transaction took place: it was answered so, or somebody has seen what it appended.
    private(set) var tookPlace: [Bool]

    private var placeOfKey: [String: Int] = [:]
    private var writerOf: [Appended: Int] = [:]
    private let transactions: [ListAppendHistory.Transaction]

    private struct Appended: Hashable {
        let list: Int
        let element: Int64
    }

    private struct Read {
        let reader: Int
        /// What was read of others.
        let list: [Int64]
    }

    init(_ history: ListAppendHistory) {
        transactions = history.transactions
        tookPlace = transactions.map { $0.outcome == .committed }
        var reads: [[Read]] = []
        var lastOwn: [Appended: Bool] = [:]
        for (place, transaction) in transactions.enumerated() {
            var lastAppend: [Int: Int64] = [:]
            for operation in transaction.operations {
                let list = list(of: operation.key)
                if list == reads.count { reads.append([]) }
                guard case .append(_, let element) = operation else { continue }
                let known = writerOf.updateValue(place, forKey: Appended(list: list, element: element))
                precondition(known == nil, "elements are appended once to a key")
                if let last = lastAppend.updateValue(element, forKey: list) {
                    lastOwn[Appended(list: list, element: last)] = false
                }
                lastOwn[Appended(list: list, element: element)] = true
            }
        }
        for place in transactions.indices where tookPlace[place] { gather(place, into: &reads) }
        for list in lists.indices { infer(list, reads[list], isLastOfItsWriter: { lastOwn[$0] ?? true }) }
        collectUnread()
    }

    private mutating func list(of key: String) -> Int {
        if let place = placeOfKey[key] { return place }
        placeOfKey[key] = lists.count
        lists.append(List(key: key))
        return lists.count - 1
    }

    /// What a transaction has read, without what it had appended itself: that must be what it then finds at the end.
    private mutating func gather(_ place: Int, into reads: inout [[Read]]) {
        var own: [Int: [Int64]] = [:]
        var seen: [Int: [Int64]] = [:]
        for operation in transactions[place].operations {
            let list = list(of: operation.key)
            switch operation {
            case .append(_, let element): own[list, default: []].append(element)
            case .read(_, nil): break
            case .read(_, let found?):
                let appended = own[list] ?? []
                let others = Array(found.dropLast(appended.count))
                let isConsistent = Array(found.suffix(appended.count)) == appended
                if !isConsistent || seen[list].map({ $0 != others }) ?? false {
                    anomalies.append(.inconsistentWithin(transactions[place], key: lists[list].key))
                    continue
                }
                if seen.updateValue(others, forKey: list) == nil {
                    reads[list].append(Read(reader: place, list: others))
                }
            }
        }
    }

    private mutating func infer(_ list: Int, _ reads: [Read], isLastOfItsWriter: (Appended) -> Bool) {
        let key = lists[list].key
        guard let longest = reads.max(by: { $0.list.count < $1.list.count }) else { return }
        lists[list].order = longest.list
        for read in reads {
            guard read.list.elementsEqual(longest.list.prefix(read.list.count)) else {
                anomalies.append(
                    .incompatibleOrders(transactions[read.reader], transactions[longest.reader], key: key)
                )
                continue
            }
            lists[list].reads.append((read.reader, read.list.count))
            guard let last = read.list.last else { continue }
            let appended = Appended(list: list, element: last)
            if let writer = writerOf[appended], writer != read.reader, !isLastOfItsWriter(appended) {
                anomalies.append(.intermediateRead(transactions[read.reader], of: transactions[writer], key: key))
            }
        }
        var met: Set<Int64> = []
        for element in longest.list {
            let reader = transactions[longest.reader]
            if !met.insert(element).inserted {
                anomalies.append(.duplicate(reader, element: element, key: key))
            }
            let writer = writerOf[Appended(list: list, element: element)]
            lists[list].writers.append(writer)
            guard let writer else {
                anomalies.append(.unwritten(reader, element: element, key: key))
                continue
            }
            if transactions[writer].outcome == .failed {
                anomalies.append(.abortedRead(reader, of: transactions[writer], key: key))
            }
            tookPlace[writer] = true
        }
    }

    /// Appends that must have taken place and are in no list.
    private mutating func collectUnread() {
        var known = lists.map { Set($0.order) }
        for (place, transaction) in transactions.enumerated() where tookPlace[place] {
            for case .append(let key, let element) in transaction.operations {
                guard let list = placeOfKey[key], known[list].insert(element).inserted else { continue }
                lists[list].unread.append(place)
                guard let returnedAt = transaction.returnedAt else { continue }
                let later = lists[list].reads.first { transactions[$0.reader].invokedAt > returnedAt }
                if let later, transaction.outcome == .committed {
                    anomalies.append(.lostAppend(transaction, missedBy: transactions[later.reader], key: key))
                }
            }
        }
    }
}

extension ListAppendHistory.Operation {
    /// The list that it is about.
    var key: String {
        switch self {
        case .append(let key, _), .read(let key, _): key
        }
    }
}
