/// Everything that a decoder may meet instead of `bytes`: each shorter form, each flipped bit, each byte replaced by
/// those that are ends of something, longer forms, and bytes drawn at random.
func forEachMutation(of bytes: [UInt8], seed: UInt64, _ body: ([UInt8]) throws -> Void) rethrows {
    for count in 0..<bytes.count { try body(Array(bytes[..<count])) }
    for place in bytes.indices {
        for bit in 0..<8 {
            var flipped = bytes
            flipped[place] ^= 1 << UInt8(bit)
            try body(flipped)
        }
        for byte: UInt8 in [0, 0x7F, 0x80, 0xFF] {
            var replaced = bytes
            replaced[place] = byte
            try body(replaced)
            try body(Array(bytes[..<place]) + [UInt8](repeating: byte, count: 12) + bytes[place...])
        }
    }
    var random = SplitMix(seed: seed)
    for _ in 0..<2_000 {
        let garbage = (0..<Int.random(in: 0...80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
        }
        try body(garbage)
        let kept = bytes.prefix(Int.random(in: 0...bytes.count, using: &random))
        try body(kept + garbage)
    }
}
