internal import Glibc
public import Logging
internal import NIOCore

/// Writes each log line as one JSON object, `{"time", "level", "message", "logger", …metadata}`, in one system call:
/// lines of threads do not mix, and collectors need no rules to read them.
public struct JSONLogHandler: LogHandler {
    /// What every line carries besides its message.
    public var metadata: Logger.Metadata
    /// The least level that is written.
    public var logLevel: Logger.Level
    /// What adds to every line's metadata when it is written.
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let write: @Sendable (ByteBuffer) -> Void

    /// Writes to the standard error.
    public init(label: String, level: Logger.Level, metadata: Logger.Metadata = [:]) {
        self.init(label: label, level: level, metadata: metadata, write: Self.writeToStandardError)
    }

    init(
        label: String,
        level: Logger.Level,
        metadata: Logger.Metadata = [:],
        write: @escaping @Sendable (ByteBuffer) -> Void
    ) {
        self.label = label
        self.logLevel = level
        self.metadata = metadata
        self.write = write
    }

    /// A value that every line carries.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes a line.
    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        var members: [(name: String, value: JSON)] = [
            ("time", .string(WallClock.text(WallClock.now()))),
            ("level", .string(event.level.rawValue)),
            ("message", .string(event.message.description)),
            ("logger", .string(label)),
        ]
        let taken: Set = ["time", "level", "message", "logger"]
        for (name, value) in all.sorted(by: { $0.key < $1.key }) {
            members.append((taken.contains(name) ? "metadata." + name : name, Self.json(value)))
        }
        var line = JSON.object(members).text
        line.writeStaticString("\n")
        write(line)
    }

    private static func json(_ value: Logger.Metadata.Value) -> JSON {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let number as Int): .int(number)
        case .stringConvertible(let value): .string(value.description)
        case .array(let values): .array(values.map(json))
        case .dictionary(let values):
            .object(values.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) })
        }
    }

    private static func writeToStandardError(_ line: ByteBuffer) {
        line.withUnsafeReadableBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Glibc.write(STDERR_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written < 0 {
                    // A log that cannot be written must not end the server.
                    guard errno == EINTR else { return }
                    continue
                }
                rest = rest.dropFirst(written)
            }
        }
    }
}
