import Domain
import Raft
import Testing

private enum Colour: UInt64 {
    case red = 1
    case blue = 2
}

private struct Part: Record, Equatable {
    var name: String
    var unknownFields = UnknownFields()

    init(_ name: String) { self.name = name }

    init(from reader: inout RecordReader) throws(RecordError) { name = try reader.text(1) }

    func write(to writer: inout RecordWriter) { writer.text(1, name) }
}

/// What a program of today writes.
private struct Sample: Record, Equatable {
    var number: UInt64 = 300
    var signed: Int64? = -7
    var colour = Colour.blue
    var parts = [Part("a"), Part("")]
    var numbers: [UInt64] = [0, .max]
    var price: Money?
    var owner: UserID? = UserID(9)
    var unknownFields = UnknownFields()

    init() {}

    init(from reader: inout RecordReader) throws(RecordError) {
        number = try reader.number(1)
        signed = try reader.signed(ifPresent: 2)
        colour = try reader.choice(4)
        parts = try reader.records(6)
        numbers = try reader.numbers(7)
        price = try reader.money(ifPresent: 8)
        owner = try reader.id(ifPresent: 9)
    }

    func write(to writer: inout RecordWriter) {
        writer.number(1, number)
        writer.signed(2, signed)
        writer.choice(4, colour)
        writer.records(6, parts)
        writer.numbers(7, numbers)
        writer.money(8, price)
        writer.id(9, owner)
    }
}

/// What a program of tomorrow writes: it has fields before, between and behind those of today.
private struct LaterSample: Record {
    var today = Sample()
    var between: [String] = ["new", "newer"]
    var behind: UInt64 = 5
    var unknownFields = UnknownFields()

    init() {}

    init(from reader: inout RecordReader) throws(RecordError) {
        today.number = try reader.number(1)
        today.signed = try reader.signed(ifPresent: 2)
        between = try reader.texts(3)
        today.colour = try reader.choice(4)
        today.parts = try reader.records(6)
        today.numbers = try reader.numbers(7)
        behind = try reader.number(40)
    }

    func write(to writer: inout RecordWriter) {
        writer.number(1, today.number)
        writer.signed(2, today.signed)
        writer.texts(3, between)
        writer.choice(4, today.colour)
        writer.records(6, today.parts)
        writer.numbers(7, today.numbers)
        writer.number(40, behind)
    }
}

@Test func recordsAreReadAsTheyWereWritten() throws {
    var sample = Sample()
    sample.price = Money(-1_250, try #require(Currency("KWD")))
    #expect(try Sample(encoded: sample.encoded) == sample)
    sample.signed = nil
    sample.parts = []
    sample.numbers = []
    sample.owner = nil
    #expect(try Sample(encoded: sample.encoded) == sample)
    for extreme in [Int64.min, .max, 0, -1] {
        sample.signed = extreme
        #expect(try Sample(encoded: sample.encoded).signed == extreme)
    }
}

@Test func theEncodingNeverChanges() {
    var sample = Sample()
    sample.numbers = [1]
    // The format, then each field: twice its number, and one more where bytes follow.
    let expected: [UInt8] = [
        1, 2, 0xAC, 0x02, 4, 13, 8, 2, 13, 3, 3, 1, 0x61, 13, 2, 3, 0, 14, 1, 18, 9,
    ]
    #expect(sample.encoded == expected)
}

@Test func fieldsOfANewerProgramSurviveAnOlderOne() throws {
    let later = LaterSample()
    var today = try Sample(encoded: later.encoded)
    #expect(!today.unknownFields.isEmpty)
    today.number = 1
    let again = try LaterSample(encoded: today.encoded)
    #expect(again.today.number == 1)
    #expect(again.between == ["new", "newer"])
    #expect(again.behind == 5)
}

@Test func noBytesWhateverLeadToACrash() throws {
    var generator = SeededGenerator(seed: 11)
    let good = Sample().encoded
    var refused = 0
    for _ in 0..<20_000 {
        var bytes = good
        for _ in 0...generator.next() % 3 {
            let place = Int(generator.next() % UInt64(bytes.count))
            switch generator.next() % 3 {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
            case 1: bytes.remove(at: place)
            default: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: place)
            }
        }
        do {
            // What is accepted is understood in one way only.
            let sample = try Sample(encoded: bytes)
            #expect(sample.encoded == bytes)
        } catch { refused += 1 }
    }
    #expect(refused > 1_000)
}

@Test(
    arguments: [
        ([], "nothing"), ([2, 2, 1], "another format"), ([1, 2], "a number that ends"),
        ([1, 2, 0x80, 0x00], "a number longer than it needs"), ([1, 3, 5, 1], "bytes that end"),
        ([1, 2, 1, 2, 1, 8, 1], "a field twice"), ([1, 8, 1, 2, 1], "descending fields"), ([1, 0, 1], "field zero"),
        ([1, 2, 1, 8, 3], "a case that is not known"), ([1, 2, 1], "a field that is missing"),
        ([1, 2, 1, 8, 1, 13, 3, 3, 1, 0xFF], "text that is not UTF-8"),
    ] as [([UInt8], String)]
)
func garbageIsAnError(_ bytes: [UInt8], _ what: String) {
    #expect(throws: RecordError.self, "\(what)") { try Sample(encoded: bytes) }
}
