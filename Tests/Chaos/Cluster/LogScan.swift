/// What nodes' logs tell of crashes: lines that no node writes that is well.
struct LogScan {
    private(set) var findings: [String] = []
    /// How many lines there are of each level.
    private(set) var levels: [String: Int] = [:]

    private static let signs = [
        "Fatal error", "Precondition failed", "Crash:", "crashed", "\"level\":\"critical\"", "A route has failed",
        "SIGSEGV", "AddressSanitizer",
    ]
    private static let mostFindings = 20

    init(_ files: ClusterFiles) {
        for node in ClusterFiles.nodes {
            guard let text = Files.readText(files.logFile(of: node)) else { continue }
            for line in text.split(separator: "\n") { take(line, of: node) }
        }
    }

    private mutating func take(_ line: Substring, of node: Int) {
        let behind = line.split(separator: "\"level\":\"", maxSplits: 1).dropFirst().first
        if let level = behind?.prefix(while: { $0 != "\"" }) { levels[String(level), default: 0] += 1 }
        guard Self.signs.contains(where: { line.contains($0) }), findings.count < Self.mostFindings else { return }
        findings.append("node \(node) logged: \(line.prefix(400))")
    }
}
