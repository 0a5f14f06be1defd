import Glibc

/// Rows below a heading, as wide as they must be.
struct Table {
    private let rows: [[String]]

    init(_ heading: [String], _ rows: [[String]]) { self.rows = [heading] + rows }

    var text: String {
        var widths = [Int](repeating: 0, count: rows[0].count)
        for row in rows {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) }
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let isLast = column == row.count - 1
                line += isLast ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
            }
            return line + "\n"
        }.joined()
    }
}

/// Writes to the standard output and error, whole.
enum Console {
    static func write(_ text: String) { write(Array(text.utf8)) }

    static func write(_ bytes: [UInt8], to file: Int32 = STDOUT_FILENO) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                // Nobody reads on, as with `| head`.
                return
            }
            rest = rest.dropFirst(written)
        }
    }

    /// Everything on the standard input.
    static func readAll() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = part.withUnsafeMutableBytes { Glibc.read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure.failed("the standard input cannot be read") }
            if count == 0 { return bytes }
            bytes += part[..<count]
        }
    }
}

func printError(_ text: String) { Console.write(Array((text + "\n").utf8), to: STDERR_FILENO) }
