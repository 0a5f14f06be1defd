internal import CLZ4

/// LZ4 in its block format: a few hundred megabytes a second one way, gigabytes the other.
enum Compression {
    /// The bytes made smaller, or nil where that does not save at least an eighth of them.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        let room = bytes.count - bytes.count / 8
        guard room > 0, bytes.count <= Int(LZ4_MAX_INPUT_SIZE) else { return nil }
        let compressed = [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
            bytes.withUnsafeBufferPointer { source in
                source.withMemoryRebound(to: CChar.self) { source in
                    buffer.withMemoryRebound(to: CChar.self) { target in
                        let count = LZ4_compress_default(
                            source.baseAddress,
                            target.baseAddress,
                            Int32(source.count),
                            Int32(target.count)
                        )
                        filled = max(0, Int(count))
                    }
                }
            }
        }
        return compressed.isEmpty ? nil : compressed
    }

    /// The `count` bytes that were made smaller. The caller has held `count` against a limit.
    static func decompress(_ bytes: UnsafeRawBufferPointer, to count: Int) throws(FormatError) -> [UInt8] {
        // No byte of LZ4 stands for more than 255: a larger claim is not worth reserving memory for.
        guard count / 255 <= bytes.count else {
            throw FormatError(reason: "\(bytes.count) bytes cannot unfold to \(count)")
        }
        let whole = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            bytes.withMemoryRebound(to: CChar.self) { source in
                buffer.withMemoryRebound(to: CChar.self) { target in
                    let done = LZ4_decompress_safe(
                        source.baseAddress,
                        target.baseAddress,
                        Int32(source.count),
                        Int32(target.count)
                    )
                    filled = max(0, Int(done))
                }
            }
        }
        guard whole.count == count else { throw FormatError(reason: "compressed bytes are broken") }
        return whole
    }
}
