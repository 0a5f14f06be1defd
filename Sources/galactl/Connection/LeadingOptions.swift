/// The options of every command that asks a cluster, where they stand before the verb:
///
///     galactl --output json kv get a --timeout 5   is   galactl kv get a --output json --timeout 5
///
/// The parser knows them behind the verb only. See ``ConnectionOptions``.
enum LeadingOptions {
    private static let names: Set<String> = ["--endpoint", "--token", "--output", "--timeout"]

    /// The arguments with these options behind the verb and its words, in front of all options that stand there already:
    /// of an option that is given twice, the last one counts.
    static func moved(_ arguments: [String]) -> [String] {
        var rest = arguments[...]
        var leading: [String] = []
        while let argument = rest.first, names.contains(name(of: argument)) {
            leading.append(rest.removeFirst())
            // Where the value is missing, the parser says so.
            guard !argument.contains("="), let value = rest.first, !value.hasPrefix("-") else { continue }
            leading.append(rest.removeFirst())
        }
        let beforeTerminator = rest.prefix { $0 != "--" }
        let words = beforeTerminator.drop { $0.hasPrefix("-") }
        let place = words.firstIndex { $0.hasPrefix("-") } ?? beforeTerminator.endIndex
        return Array(rest[..<place]) + leading + Array(rest[place...])
    }

    /// An argument up to the sign before its value, if there is one.
    private static func name(of argument: String) -> String { String(argument.prefix { $0 != "=" }) }
}
