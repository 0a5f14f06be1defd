/// What must not be in a history of list-append transactions, by the names of Adya's thesis (1999) and of Elle.
public enum ListAppendAnomaly: Sendable, Equatable {
    /// A transaction contradicts itself: what it read is not what it had read or appended before.
    case inconsistentWithin(ListAppendHistory.Transaction, key: String)

    /// G1a: what was read was appended by a transaction that failed.
    case abortedRead(ListAppendHistory.Transaction, of: ListAppendHistory.Transaction, key: String)

    /// G1b: what was read is some, and not all, of what another transaction appended.
    case intermediateRead(ListAppendHistory.Transaction, of: ListAppendHistory.Transaction, key: String)

    /// Nobody has appended what was read.
    case unwritten(ListAppendHistory.Transaction, element: Int64, key: String)

    /// One append is there twice.
    case duplicate(ListAppendHistory.Transaction, element: Int64, key: String)

    /// Two lists that were read of a key: none is the beginning of the other.
    case incompatibleOrders(ListAppendHistory.Transaction, ListAppendHistory.Transaction, key: String)

    /// What was committed before a read was called is not in it, nor in any other.
    case lostAppend(ListAppendHistory.Transaction, missedBy: ListAppendHistory.Transaction, key: String)

    /// Transactions of which each comes before the next, and the last before the first.
    case cycle(Cycle)

    /// Transactions in a circle.
    public struct Cycle: Sendable, Equatable {
        /// What kinds of dependency it takes.
        public enum Kind: String, Sendable, CaseIterable {
            /// Write cycle.
            case g0 = "G0"
            /// Circular information flow.
            case g1c = "G1c"
            /// One anti-dependency: a lost update, or read skew.
            case gSingle = "G-single"
            /// Several anti-dependencies: write skew.
            case g2 = "G2"
            /// As ``g0``, with real time.
            case g0RealTime = "G0-realtime"
            /// As ``g1c``, with real time.
            case g1cRealTime = "G1c-realtime"
            /// As ``gSingle``, with real time: a stale read.
            case gSingleRealTime = "G-single-realtime"
            /// As ``g2``, with real time.
            case g2RealTime = "G2-realtime"
        }

        /// Why a transaction comes before the next.
        public enum Reason: Sendable, Equatable {
            /// ww: on this list, its element comes before the next one's.
            case appendedBefore(key: String)
            /// wr: the next has read what it appended.
            case readBy(key: String)
            /// rw: it had not seen what the next appended.
            case missed(key: String)
            /// It was answered before the next was called.
            case returnedBefore
        }

        /// A transaction, and why it comes before the next.
        public struct Step: Sendable, Equatable {
            /// The transaction.
            public let transaction: ListAppendHistory.Transaction
            /// Why it comes before the next, or, at the end, before the first.
            public let reason: Reason
        }

        /// What kinds of dependency it takes.
        public let kind: Kind
        /// The transactions, each before the next.
        public let steps: [Step]
    }

    /// The anomaly's short name.
    public var name: String {
        switch self {
        case .inconsistentWithin: "internal"
        case .abortedRead: "G1a"
        case .intermediateRead: "G1b"
        case .unwritten: "unwritten"
        case .duplicate: "duplicate"
        case .incompatibleOrders: "incompatible-order"
        case .lostAppend: "lost-append"
        case .cycle(let cycle): cycle.kind.rawValue
        }
    }
}

extension ListAppendAnomaly: CustomStringConvertible {
    /// The anomaly in words, a transaction a line.
    public var description: String {
        switch self {
        case .inconsistentWithin(let transaction, let key):
            "\(name): a transaction's own view of \(key) is not consistent:\n    \(transaction)"
        case .abortedRead(let reader, let writer, let key):
            "\(name): a list of \(key) was read\n    \(reader)\n  with an element of what failed:\n    \(writer)"
        case .intermediateRead(let reader, let writer, let key):
            "\(name): a list of \(key) was read\n    \(reader)\n  that ends in the midst of what this appended:\n"
                + "    \(writer)"
        case .unwritten(let reader, let element, let key):
            "\(name): nobody has appended \(element) to \(key), which was read:\n    \(reader)"
        case .duplicate(let reader, let element, let key):
            "\(name): \(element) is in \(key) more than once:\n    \(reader)"
        case .incompatibleOrders(let one, let other, let key):
            "\(name): none of these lists of \(key) is a beginning of the other:\n    \(one)\n    \(other)"
        case .lostAppend(let writer, let reader, let key):
            "\(name): what was appended to \(key)\n    \(writer)\n  is not in what was read of it later:\n    \(reader)"
        case .cycle(let cycle): cycle.description
        }
    }
}

extension ListAppendAnomaly.Cycle: CustomStringConvertible {
    /// The circle in words.
    public var description: String {
        var lines = ["\(kind.rawValue): each of these comes before the next, and the last before the first:"]
        for (place, step) in steps.enumerated() {
            lines.append("    T\(place + 1): \(step.transaction)")
        }
        for (place, step) in steps.enumerated() {
            lines.append("  " + step.reason.sentence("T\(place + 1)", "T\((place + 1) % steps.count + 1)"))
        }
        return lines.joined(separator: "\n")
    }
}

extension ListAppendAnomaly.Cycle.Reason {
    fileprivate func sentence(_ own: String, _ next: String) -> String {
        switch self {
        case .appendedBefore(let key): "\(own) appended to \(key) before \(next) did (ww)"
        case .readBy(let key): "\(next) has read what \(own) appended to \(key) (wr)"
        case .missed(let key): "\(own) had not seen what \(next) appended to \(key) (rw)"
        case .returnedBefore: "\(own) was answered before \(next) was called"
        }
    }
}
