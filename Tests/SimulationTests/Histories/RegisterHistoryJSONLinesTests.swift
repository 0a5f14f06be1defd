import Simulation
import Testing

@Suite("JSON lines of a register history")
struct RegisterHistoryJSONLinesTests {
    private static let everyKind = #"""
        {"p":0,"call":-5,"ret":10,"op":{"f":"put","k":"x","v":"1"},"out":{}}
        {"p":1,"call":5,"ret":null,"op":{"f":"cas","k":"x","e":"1","v":"2"},"out":{}}
        {"p":2,"call":20,"ret":30,"op":{"f":"get","k":"x"},"out":{"v":"1"}}
        {"p":2,"call":31,"ret":32,"op":{"f":"get","k":"y"},"out":{"v":null}}
        {"p":2,"call":33,"ret":34,"op":{"f":"cas","k":"y","e":null,"v":"3"},"out":{"ok":true}}
        {"p":2,"call":35,"ret":36,"op":{"f":"cas","k":"y","e":"4","v":null},"out":{"ok":false}}
        {"p":2,"call":37,"ret":9223372036854775807,"op":{"f":"del","k":"y"},"out":{}}

        """#

    private func read(_ text: String) throws(HistoryFormatError) -> RegisterHistory {
        try RegisterHistory(jsonLines: Array(text.utf8))
    }

    @Test("are read as what they say")
    func reads() throws {
        let entries = try read(Self.everyKind).entries
        #expect(entries.count == 7)
        #expect(entries[0].operation == .init(key: "x", action: .put("1")))
        #expect(entries[0].completion == .init(answer: .done, returnNs: 10))
        #expect(entries[1].operation == .init(key: "x", action: .cas(expected: "1", new: "2")))
        #expect(entries[1].completion == nil)
        #expect(entries[2].completion == .init(answer: .value("1"), returnNs: 30))
        #expect(entries[3].completion == .init(answer: .value(nil), returnNs: 32))
        #expect(entries[4].operation == .init(key: "y", action: .cas(expected: nil, new: "3")))
        #expect(entries[5].completion == .init(answer: .swapped(false), returnNs: 36))
        #expect(entries[6].operation == .init(key: "y", action: .del))
    }

    @Test("are written as they were read")
    func writesBack() throws {
        #expect(String(decoding: try read(Self.everyKind).jsonLines, as: UTF8.self) == Self.everyKind)
    }

    @Test("may have spaces, empty lines, other line ends, other fields and no last line end")
    func tolerates() throws {
        let text =
            "\r\n { \"node\" : [1, {\"a\": true}], \"p\": 1, \"call\": 1, \"ret\": 2, "
            + "\"op\": {\"f\": \"get\", \"k\": \"x\"}, \"out\": {\"v\": null}}\r\n\n"
            + #"{"p":1,"call":3,"ret":null,"op":{"f":"get","k":"x"}}"#
        let entries = try read(text).entries
        #expect(entries.map(\.callNs) == [1, 3])
        #expect(entries[1].completion == nil)
    }

    @Test(
        "keep every text",
        arguments: ["", "\"", "\\", "a/b", "\u{0}\u{1F}\n\t", "é", "e\u{301}", "\u{1F600}", "\u{7F}", "{\"a\":[1]}"]
    )
    func texts(text: String) throws {
        let entry = RegisterHistory.Entry(
            client: 1,
            operation: .init(key: text, action: .cas(expected: text, new: text)),
            callNs: 0,
            completion: nil
        )
        let entries = try RegisterHistory(jsonLines: RegisterHistory(entries: [entry]).jsonLines).entries
        #expect(entries == [entry])
        #expect(entries.first.map { Array($0.operation.key.utf8) } == Array(text.utf8))
    }

    @Test("may escape what they like")
    func escapes() throws {
        let text = #"{"p":1,"call":1,"ret":null,"op":{"f":"get","k":"\u0041\/\b\f\n\r\t\"\\\ud83d\ude00"}}"#
        #expect(try read(text).entries.first?.operation.key == "A/\u{8}\u{C}\n\r\t\"\\\u{1F600}")
    }

    @Test(
        "are refused with line and field",
        arguments: [
            (#"{"call":1,"ret":2,"op":{"f":"get","k":"x"},"out":{"v":null}}"#, "p"),
            (#"{"p":"1","call":1,"ret":2,"op":{"f":"get","k":"x"},"out":{"v":null}}"#, "p"),
            (#"{"p":1,"call":null,"ret":2,"op":{"f":"get","k":"x"},"out":{"v":null}}"#, "call"),
            (#"{"p":1,"call":1,"op":{"f":"get","k":"x"},"out":{"v":null}}"#, "ret"),
            (#"{"p":1,"call":3,"ret":2,"op":{"f":"get","k":"x"},"out":{"v":null}}"#, "ret"),
            (#"{"p":1,"call":1,"ret":2,"out":{"v":null}}"#, "op"),
            (#"{"p":1,"call":1,"ret":2,"op":"get","out":{"v":null}}"#, "op"),
            (#"{"p":1,"call":1,"ret":2,"op":{"k":"x"},"out":{"v":null}}"#, "op.f"),
            (#"{"p":1,"call":1,"ret":2,"op":{"f":"inc","k":"x"},"out":{"v":null}}"#, "op.f"),
            (#"{"p":1,"call":1,"ret":2,"op":{"f":"get","k":7},"out":{"v":null}}"#, "op.k"),
            (#"{"p":1,"call":1,"ret":2,"op":{"f":"put","k":"x","v":null},"out":{}}"#, "op.v"),
            (#"{"p":1,"call":1,"ret":2,"op":{"f":"cas","k":"x","v":"1"},"out":{"ok":true}}"#, "op.e"),
            (#"{"p":1,"call":1,"ret":2,"op":{"f":"get","k":"x"}}"#, "out"),
            (#"{"p":1,"call":1,"ret":2,"op":{"f":"get","k":"x"},"out":{}}"#, "out.v"),
            (#"{"p":1,"call":1,"ret":2,"op":{"f":"get","k":"x"},"out":{"v":1}}"#, "out.v"),
            (#"{"p":1,"call":1,"ret":2,"op":{"f":"cas","k":"x","e":null,"v":"1"},"out":{"ok":1}}"#, "out.ok"),
        ]
    )
    func malformedFields(line: String, field: String) throws {
        let good = #"{"p":9,"call":1,"ret":null,"op":{"f":"get","k":"x"}}"#
        let error = #expect(throws: HistoryFormatError.self) { try read("\(good)\n\n\(line)\n\(good)\n") }
        #expect(error?.line == 3)
        #expect(error?.place == .field(field))
        #expect(error?.description.hasPrefix("line 3, field \(field): ") == true)
    }

    @Test(
        "are refused with line and column where they are no JSON",
        arguments: [
            ("{", 2), ("{}}", 3), ("[1,]", 4), ("nul", 4), ("01", 3), ("-", 2), ("1.5", 2), ("1e3", 2),
            ("9223372036854775808", 20), (#"{"a":1,"a":2}"#, 11), (#"{"a" 1}"#, 6), (#"{1:2}"#, 2), ("\"a", 3),
            ("\"\t\"", 2), (#""\x""#, 4), (#""\u12g4""#, 6), (#""\ud800""#, 8), (#""\ud800\u0041""#, 14),
            (#""\udc00""#, 8), ("true false", 6), ("7", 1), (String(repeating: "[", count: 100), 33),
        ]
    )
    func malformedJSON(line: String, column: Int) throws {
        let error = #expect(throws: HistoryFormatError.self) { try read("\n\(line)") }
        #expect(error?.line == 2)
        #expect(error?.place == .column(column), "\(String(describing: error))")
    }

    @Test("are refused where a string is not UTF-8")
    func notUTF8() throws {
        let error = #expect(throws: HistoryFormatError.self) { try RegisterHistory(jsonLines: [0x22, 0xC3, 0x22]) }
        #expect(error?.reason == "a string is UTF-8")
    }
}
