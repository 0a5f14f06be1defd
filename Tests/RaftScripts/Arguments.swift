import Raft

/// The words of a command, taken one after the other.
///
/// Words are separated by spaces; `[…]` and `"…"` are one word each, whatever they contain.
struct Arguments {
    private let words: [String]
    private var position = 0

    init(_ text: String) throws(CommandError) {
        var words: [String] = []
        var word = ""
        var closing: Character?
        for character in text {
            if let end = closing {
                word.append(character)
                if character == end { closing = nil }
            } else if character == " " {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                if character == "[" { closing = "]" } else if character == "\"" { closing = "\"" }
                word.append(character)
            }
        }
        if let closing { throw CommandError("'\(closing)' is missing") }
        if !word.isEmpty { words.append(word) }
        self.words = words
    }

    var isAtEnd: Bool { position == words.count }
    var peeked: String? { isAtEnd ? nil : words[position] }

    mutating func word(_ meaning: String) throws(CommandError) -> String {
        guard let word = peeked else { throw CommandError("\(meaning) is missing") }
        position += 1
        return word
    }

    /// Takes the next word if it is this one.
    mutating func take(_ expected: String) -> Bool {
        guard peeked == expected else { return false }
        position += 1
        return true
    }

    mutating func expect(_ expected: String) throws(CommandError) {
        guard take(expected) else { throw CommandError("'\(expected)' is missing") }
    }

    mutating func number(_ meaning: String) throws(CommandError) -> Int {
        try Self.number(try word(meaning), meaning)
    }

    /// The next number, if a number is next.
    mutating func optionalNumber() -> Int? {
        guard let number = peeked.flatMap({ Int($0) }) else { return nil }
        position += 1
        return number
    }

    mutating func index(_ meaning: String) throws(CommandError) -> LogIndex {
        LogIndex(UInt64(try number(meaning)))
    }

    mutating func term() throws(CommandError) -> Term { Term(UInt64(try number("a term"))) }

    mutating func node() throws(CommandError) -> NodeID { NodeID(UInt64(try number("a node"))) }

    /// `#3`.
    mutating func persistID() throws(CommandError) -> PersistID {
        let word = try word("a write")
        guard word.hasPrefix("#") else { throw CommandError("a write is named '#1', not '\(word)'") }
        return PersistID(UInt64(try Self.number(String(word.dropFirst()), "a write's number")))
    }

    /// `2/6`: term and index.
    mutating func logPosition() throws(CommandError) -> LogPosition {
        try Self.logPosition(try word("a position"))
    }

    /// `1,2,3`.
    mutating func ids() throws(CommandError) -> [NodeID] { try Self.ids(try word("nodes")) }

    func end() throws(CommandError) {
        if let word = peeked { throw CommandError("what is '\(word)'?") }
    }

    static func number(_ word: String, _ meaning: String) throws(CommandError) -> Int {
        guard let number = Int(word), number >= 0 else { throw CommandError("\(meaning) is no number: '\(word)'") }
        return number
    }

    static func logPosition(_ word: String) throws(CommandError) -> LogPosition {
        let parts = word.split(separator: "/")
        guard parts.count == 2, let term = UInt64(parts[0]), let index = UInt64(parts[1]) else {
            throw CommandError("a position is 'term/index', not '\(word)'")
        }
        return LogPosition(term: Term(term), index: LogIndex(index))
    }

    static func ids(_ word: String) throws(CommandError) -> [NodeID] {
        var ids: [NodeID] = []
        for part in word.split(separator: ",") { ids.append(NodeID(UInt64(try number(String(part), "a node")))) }
        return ids
    }
}
