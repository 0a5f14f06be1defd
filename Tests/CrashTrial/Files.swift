import Glibc

/// Writes everything; false where it cannot.
func writeAll(_ bytes: [UInt8], to descriptor: CInt) -> Bool {
    bytes.withUnsafeBytes { raw in
        var done = 0
        while done < raw.count {
            let count = write(descriptor, raw.baseAddress.map { $0 + done }, raw.count - done)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return false }
            done += count
        }
        return true
    }
}

func writeAll(_ text: String, to descriptor: CInt) -> Bool { writeAll(Array(text.utf8), to: descriptor) }

/// Prints a line at once, also into a pipe.
func say(_ text: String) { _ = writeAll("\(text)\n", to: STDOUT_FILENO) }

func printError(_ text: String) { _ = writeAll("\(text)\n", to: STDERR_FILENO) }

/// Everything that a file holds.
func readFile(_ path: String) throws -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw Trouble("cannot open \(path): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    return readToEnd(file)
}

/// Everything that is left to be read.
func readToEnd(_ descriptor: CInt) -> [UInt8] {
    var bytes: [UInt8] = []
    while let more = readSome(descriptor), !more.isEmpty { bytes += more }
    return bytes
}

/// What can be read at once; empty at the end; nil after an error.
func readSome(_ descriptor: CInt) -> [UInt8]? {
    var count = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, filled in
        repeat { count = read(descriptor, buffer.baseAddress, buffer.count) } while count < 0 && errno == EINTR
        filled = max(0, count)
    }
    return count < 0 ? nil : bytes
}
