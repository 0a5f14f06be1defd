import Glibc

/// The most memory that this process has held at a time, in bytes.
///
/// Not of `getrusage`, whose figure a process inherits from the one that started it.
func peakMemoryBytes() -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard text.hasPrefix("VmHWM:") else { continue }
        return 1024 * (Int(text.filter { $0.isASCII && $0.isNumber }) ?? 0)
    }
    return 0
}
