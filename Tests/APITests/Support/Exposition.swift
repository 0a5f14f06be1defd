/// Reads Prometheus' text format strictly, as its own parser would: every family has HELP and TYPE, once, before its
/// samples, which stand together; names and labels are well-formed; no sample is there twice.
struct Exposition {
    struct Invalid: Error {
        let line: String
        let rule: String
    }

    struct Key: Hashable {
        let name: String
        let labels: [String: String]
    }

    private(set) var samples: [Key: Double] = [:]

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Invalid(line: "", rule: "ends with a line feed") }
        var types: [String: String] = [:]
        var family = ""
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            let words = line.split(separator: " ", maxSplits: 3)
            if line.hasPrefix("# HELP ") {
                family = String(words[2])
                guard types[family] == nil else { throw Invalid(line: String(line), rule: "one family a name") }
            } else if line.hasPrefix("# TYPE ") {
                guard words[2] == family, ["counter", "gauge", "histogram"].contains(words[3]) else {
                    throw Invalid(line: String(line), rule: "a known type behind HELP")
                }
                types[family] = String(words[3])
            } else {
                let (key, value) = try Self.sample(line)
                let suffixes = types[family] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
                guard suffixes.contains(where: { key.name == family + $0 }) else {
                    throw Invalid(line: String(line), rule: "samples below their family")
                }
                guard samples.updateValue(value, forKey: key) == nil else {
                    throw Invalid(line: String(line), rule: "each sample once")
                }
            }
        }
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? { samples[Key(name: name, labels: labels)] }

    private static func sample(_ line: Substring) throws -> (Key, Double) {
        let pattern = /([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(.*)\})? (\S+)/
        guard let match = try pattern.wholeMatch(in: line), let value = Double(match.4.replacing("+Inf", with: "inf"))
        else {
            throw Invalid(line: String(line), rule: "name{labels} value")
        }
        var labels: [String: String] = [:]
        var rest = match.3 ?? ""
        while !rest.isEmpty {
            let label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)",?/
            guard let found = try label.prefixMatch(in: rest), labels[String(found.1)] == nil else {
                throw Invalid(line: String(line), rule: "labels in quotes, each once")
            }
            labels[String(found.1)] = String(found.2)
            rest = rest[found.range.upperBound...]
        }
        return (Key(name: String(match.1), labels: labels), value)
    }
}
