// What clients did and saw, and when: all that a checker is given.
//
//     client 1   |--- put x 1 ---|
//     client 2          |--- get x → 1 ---|
//     client 3              |--- put x 2 ------------ …       no answer: it may take effect at any later time, or never
//
// Times come from one monotonic clock. One operation precedes another if it returned before the other was called;
// all others are concurrent, also where one returned in the very nanosecond in which the other was called.

/// An operation that a history can hold, with what may be answered to it.
///
/// Its description says in a few words what it does.
public protocol HistoryOperation: Sendable, Equatable, CustomStringConvertible {
    /// What is answered.
    associatedtype Answer: Sendable, Equatable

    /// Whether `answer` is of the kind that this operation gets.
    func admits(_ answer: Answer) -> Bool

    /// An answer in a few words.
    static func words(for answer: Answer) -> String
}

/// One operation of one client.
public struct HistoryEntry<Operation: HistoryOperation>: Sendable, Equatable {
    /// The answer and when it came.
    public struct Completion: Sendable, Equatable {
        /// What was answered.
        public let answer: Operation.Answer

        /// When, in nanoseconds of the history's clock.
        public let returnNs: Int64

        /// An answer that came at `returnNs`.
        public init(answer: Operation.Answer, returnNs: Int64) {
            self.answer = answer
            self.returnNs = returnNs
        }
    }

    /// Who called.
    public let client: Int

    /// What was called.
    public let operation: Operation

    /// When it was called, in nanoseconds of the history's clock.
    public let callNs: Int64

    /// Nil: the outcome is unknown. The operation may take effect at any time after its call, or never.
    public internal(set) var completion: Completion?

    /// An operation as it was seen.
    ///
    /// The answer has to be of the operation's kind and must not come before the call.
    public init(client: Int, operation: Operation, callNs: Int64, completion: Completion?) {
        if let completion {
            precondition(operation.admits(completion.answer), "the answer is not of the operation's kind")
            precondition(completion.returnNs >= callNs, "an operation returned before it was called")
        }
        self.client = client
        self.operation = operation
        self.callNs = callNs
        self.completion = completion
    }
}

extension HistoryEntry: CustomStringConvertible {
    /// The entry in one line, as `client 3 [10, 25] get x → "1"`.
    public var description: String {
        let outcome = completion.map { Operation.words(for: $0.answer) } ?? "unknown"
        return "client \(client) [\(callNs), \(completion.map { "\($0.returnNs)" } ?? "…")] \(operation) → \(outcome)"
    }
}

/// Operations of many clients, in any order.
public struct History<Operation: HistoryOperation>: Sendable, Equatable {
    /// One operation of one client.
    public typealias Entry = HistoryEntry<Operation>

    /// All operations.
    public internal(set) var entries: [Entry]

    /// How many have no known outcome.
    public var unknownCount: Int { entries.count { $0.completion == nil } }

    /// A history of these operations.
    public init(entries: [Entry] = []) {
        self.entries = entries
    }
}
