import FoundationEssentials

enum JSONOutput {
    /// A value as JSON for people and programs: indented, members in order.
    static func write(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        Console.write([UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")])
    }
}
