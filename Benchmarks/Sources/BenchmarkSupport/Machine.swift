import Glibc

/// Where figures come from: without it they say nothing.
public struct Machine: Codable {
    /// The processor's name.
    public let processor: String
    /// How many cores there are.
    public let cores: Int
    /// Debug or release.
    public let build: String
    /// The commit, and whether anything was changed since.
    public let commit: String
    /// The day.
    public let date: String

    /// This machine, today.
    public static func current() -> Machine {
        Machine(
            processor: processorName() ?? "unknown processor",
            cores: sysconf(CInt(_SC_NPROCESSORS_ONLN)),
            build: buildMode,
            commit: output(of: "git describe --always --dirty --exclude '*' 2>/dev/null") ?? "unknown commit",
            date: output(of: "date -u +%Y-%m-%d") ?? "unknown date"
        )
    }

    private static var buildMode: String {
        #if DEBUG
        "debug"
        #else
        "release"
        #endif
    }

    private static func processorName() -> String? {
        guard let line = output(of: "grep -m 1 'model name' /proc/cpuinfo"),
            let colon = line.firstIndex(of: ":")
        else { return nil }
        return String(line[line.index(after: colon)...].drop { $0 == " " })
    }

    /// The first line that a shell command prints; nil when it prints none.
    private static func output(of command: String) -> String? {
        guard let stream = popen(command, "r") else { return nil }
        defer { pclose(stream) }
        var line = [UInt8](repeating: 0, count: 256)
        let length = fread(&line, 1, line.count, stream)
        let text = line.prefix(length).prefix { $0 != UInt8(ascii: "\n") }
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }
}
