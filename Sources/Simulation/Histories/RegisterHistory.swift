/// An operation on one register of many, each under a key of its own.
///
/// A register holds a text or nothing, and nothing at first. Texts are the same if their UTF-8 bytes are.
public struct RegisterOperation: HistoryOperation {
    /// What is done with the register.
    public enum Action: Sendable, Equatable {
        /// Reads.
        case get

        /// Writes, whatever is there.
        case put(String)

        /// Writes `new` (nil: removes) if the register holds `expected` (nil: nothing).
        case cas(expected: String?, new: String?)

        /// Removes, whatever is there.
        case del
    }

    /// What is answered.
    public enum Answer: Sendable, Equatable {
        /// To a get: what the register holds, nil for nothing.
        case value(String?)

        /// To a put or a del: it is done.
        case done

        /// To a cas: whether the register held what was expected. If not, nothing was written.
        case swapped(Bool)
    }

    /// Which register.
    public let key: String

    /// What is done with it.
    public let action: Action

    /// `action` on the register under `key`.
    public init(key: String, action: Action) {
        self.key = key
        self.action = action
    }

    /// Whether `answer` is of the kind that this operation gets.
    public func admits(_ answer: Answer) -> Bool {
        switch (action, answer) {
        case (.get, .value), (.put, .done), (.del, .done), (.cas, .swapped): true
        default: false
        }
    }
}

/// A history of registers.
public typealias RegisterHistory = History<RegisterOperation>

extension RegisterOperation: CustomStringConvertible {
    /// The operation in a few words, as `get x`.
    public var description: String {
        switch action {
        case .get: "get \(key)"
        case .put(let value): "put \(key) \(quoted(value))"
        case .cas(let expected, let new): "cas \(key) \(quoted(expected)) to \(quoted(new))"
        case .del: "del \(key)"
        }
    }

    /// An answer in a few words.
    public static func words(for answer: Answer) -> String {
        switch answer {
        case .value(let value): quoted(value)
        case .done: "done"
        case .swapped(let swapped): swapped ? "swapped" : "refused"
        }
    }
}

/// A register's content as it is shown to people.
func quoted(_ value: String?) -> String {
    value.map { "\"\($0)\"" } ?? "nothing"
}
