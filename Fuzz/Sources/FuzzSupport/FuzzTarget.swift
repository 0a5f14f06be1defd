internal import CFuzzer
internal import Glibc

/// A decoder that is to be fuzzed: what ends the process is a finding, and so is what `run` throws.
///
///     fuzz-frames seeds DIRECTORY      writes the seeds, a file each
///     fuzz-frames [libFuzzer's own]    fuzzes
public protocol FuzzTarget {
    /// Valid encodings, from which the fuzzer starts.
    static func seeds() throws -> [[UInt8]]
    /// Decodes the bytes, and looks at what comes out.
    static func run(_ bytes: [UInt8]) throws
}

extension FuzzTarget {
    /// The whole program.
    public static func main() throws {
        let arguments = CommandLine.arguments
        if arguments.count == 3, arguments[1] == "seeds" { return try writeSeeds(to: arguments[2]) }
        current = { try run($0) }
        var count = CommandLine.argc
        var strings: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        let status = LLVMFuzzerRunDriver(&count, &strings) { bytes, count in
            // Memory of its own, so that whoever reads past the end is caught.
            let input = Array(UnsafeBufferPointer(start: bytes, count: count))
            do {
                try current?(input)
            } catch {
                fatalError("\(error)")
            }
            return 0
        }
        exit(status)
    }

    private static func writeSeeds(to directory: String) throws {
        for (number, seed) in try seeds().enumerated() {
            guard let file = fopen("\(directory)/seed-\(number)", "w") else { throw Finding("cannot write a seed") }
            fwrite(seed, 1, seed.count, file)
            fclose(file)
        }
    }
}

/// The target of this process. It is set before the only thread that reads it begins to.
nonisolated(unsafe) private var current: (([UInt8]) throws -> Void)?

/// What must hold and did not.
public struct Finding: Error, CustomStringConvertible {
    /// What it is.
    public let description: String

    /// Notes what did not hold.
    public init(_ description: String) { self.description = description }
}

/// Notes a finding unless the condition holds.
public func require(_ condition: Bool, _ what: @autoclosure () -> String) throws(Finding) {
    if !condition { throw Finding(what()) }
}

/// A small generator whose whole state is its seed.
public struct SeedGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// Begins at a seed.
    public init(_ seed: UInt64) { state = seed }

    /// The next number.
    public mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}
