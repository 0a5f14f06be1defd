import FoundationEssentials

/// What was set, and where: command line over environment over file.
///
/// Settings have dotted names, `http.listen`. In the file that is `{"http": {"listen": …}}`, in the environment
/// `GALA_HTTP_LISTEN`, on the command line `--http-listen`.
struct Settings {
    /// Where a setting stands.
    enum Source: Hashable, CustomStringConvertible {
        case commandLine(String)
        case environment(String)
        case file(String)
        case nowhere(String)

        var description: String {
            switch self {
            case .commandLine(let option): option
            case .environment(let variable): variable
            case .file(let name), .nowhere(let name): name
            }
        }
    }

    /// What a setting says.
    enum Value: Hashable {
        case text(String)
        case number(Int)
        case table([String: String])
        /// Anything else, which no setting is.
        case other
    }

    /// A rule that a setting breaks.
    struct Fault: Hashable, CustomStringConvertible {
        let source: Source
        let rule: String

        var description: String { "\(source): \(rule)" }
    }

    private var values: [String: (value: Value, source: Source)] = [:]

    /// Layers all sources.
    ///
    /// - Throws: One fault a setting that nobody knows, or that stands in no form in which it can be read.
    init(
        file: [UInt8]?,
        environment: [String: String],
        commandLine: [String: String]
    ) throws(InvalidConfiguration) {
        var faults: [Fault] = []
        if let file {
            guard let members = try? JSONDecoder().decode([String: FileMember].self, from: Data(file)) else {
                throw InvalidConfiguration([Fault(source: .file("the file"), rule: "must be a JSON object of objects")])
            }
            for (section, member) in members { take(section, member, &faults) }
        }
        for name in SettingName.allCases {
            if let text = environment[name.variable] {
                values[name.rawValue] = (.text(text), .environment(name.variable))
            }
            if let text = commandLine[name.rawValue] {
                values[name.rawValue] = (.text(text), .commandLine(name.option))
            }
        }
        for (variable, _) in environment where variable.hasPrefix("GALA_") {
            guard !SettingName.allCases.contains(where: { $0.variable == variable }), !Self.others.contains(variable)
            else { continue }
            faults.append(Fault(source: .environment(variable), rule: "is not a setting"))
        }
        if !faults.isEmpty { throw InvalidConfiguration(faults) }
    }

    /// Variables that mean something else to the server or its tools.
    private static let others: Set = ["GALA_CONFIG", "GALA_TOKEN", FirstAdministrator.variable]

    private mutating func take(_ name: String, _ member: FileMember, _ faults: inout [Fault]) {
        if SettingName(rawValue: name) != nil {
            values[name] = (member.value, .file(name))
            return
        }
        guard case .object(let members) = member, SettingName.sections.contains(name) else {
            faults.append(Fault(source: .file(name), rule: "is not a setting"))
            return
        }
        for (inner, member) in members { take(name + "." + inner, member, &faults) }
    }

    /// What was set, and where; nil where nobody set it.
    func value(_ name: SettingName) -> (value: Value, source: Source)? { values[name.rawValue] }
}

/// Everything that is wrong with a configuration.
struct InvalidConfiguration: Error, CustomStringConvertible {
    let faults: [Settings.Fault]

    init(_ faults: [Settings.Fault]) { self.faults = faults.sorted { $0.description < $1.description } }

    var description: String { faults.map(\.description).joined(separator: "\n") }
}

/// A member of the file, as far as settings can be.
private enum FileMember: Decodable {
    case text(String)
    case number(Int)
    case object([String: FileMember])
    case other

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let number = try? container.decode(Int.self) {
            self = .number(number)
        } else if let members = try? container.decode([String: FileMember].self) {
            self = .object(members)
        } else {
            self = .other
        }
    }

    /// As a setting's value: a table is an object of texts.
    var value: Settings.Value {
        switch self {
        case .text(let text): return .text(text)
        case .number(let number): return .number(number)
        case .other: return .other
        case .object(let members):
            var table: [String: String] = [:]
            for (name, member) in members {
                guard case .text(let text) = member else { return .other }
                table[name] = text
            }
            return .table(table)
        }
    }
}
