public import Raft

/// The partitions with which a new cluster begins. Every key lies in one of them and no other:
///
///     01 ──────────────────────────────── 10 ──────────────────────────────────── FF
///     │ operators' keys, cut by what they │ the domain's, cut evenly by buckets    │
///     │ commonly begin with: a quarter    │                                        │
///
/// A cluster that began with one partition would have to be split under its first load, when that hurts most; groups
/// that have nothing to do cost nothing. The layout follows from the number of partitions alone.
public struct PartitionLayout: Hashable, Sendable {
    /// How many partitions a cluster may begin with.
    public static let counts = 1...256
    /// How many it begins with where nobody says otherwise.
    public static let usualCount = 16
    /// The first of them; the others follow, in the order of their keys.
    public static let firstPartition = PartitionID(2)

    /// The partitions, in the order of their keys.
    public let descriptors: [PartitionDescriptor]

    /// The layout with a number of partitions, which the caller knows to be one of ``counts``.
    public init(partitions count: Int) {
        precondition(Self.counts.contains(count), "a cluster begins with as many partitions as it may")
        let ofOperators = max(1, count / 4)
        let begins =
            [KeySpace.everything.lower] + OperatorKeyCuts.cuts(into: ofOperators).map { [KeySpace.operators] + $0 }
            + Self.domainBegins(count - ofOperators)
        let ends = begins.dropFirst() + [KeySpace.everything.upper]
        descriptors = zip(begins, ends).enumerated().map { place, range in
            PartitionDescriptor(
                id: PartitionID(Self.firstPartition.rawValue + UInt64(place)),
                range: KeyRange(range.0, range.1),
                epoch: 1
            )
        }
    }

    /// Where the domain's partitions begin: between buckets, so that none is cut.
    private static func domainBegins(_ count: Int) -> [[UInt8]] {
        (0..<count).map { place in
            guard place > 0 else { return [KeySpace.domain] }
            let bucket = (place << 16) / count
            return [KeySpace.domain, UInt8(bucket >> 8), UInt8(bucket & 0xFF)]
        }
    }
}

/// Where operators' keys are cut, so that names and numbers spread: by digits and lower-case letters, with the low digits
/// counting twice, as numbers more often begin with them. What else keys begin with goes to whichever part it lies in.
enum OperatorKeyCuts {
    private struct Symbol {
        let byte: UInt8
        /// The weight of all symbols before it.
        let begin: Int
        let weight: Int
    }

    private static let symbols: [Symbol] = {
        var symbols: [Symbol] = []
        var begin = 0
        for (bytes, weight) in [("01234", 22), ("56789abcdef", 10), ("ghijklmnopqrstuvwxyz", 11)] {
            for byte in bytes.utf8 {
                symbols.append(Symbol(byte: byte, begin: begin, weight: weight))
                begin += weight
            }
        }
        return symbols
    }()
    private static let totalWeight = symbols.reduce(0) { $0 + $1.weight }
    private static let mostWeight = symbols.reduce(0) { max($0, $1.weight) }

    /// The first keys of all parts but the first, ascending. As short as they can be: a byte, or two where there are
    /// too many parts for that.
    static func cuts(into parts: Int) -> [[UInt8]] {
        precondition((1...64).contains(parts), "two bytes tell so many parts apart")
        let isOneByteEnough = parts * mostWeight <= totalWeight
        return (1..<parts).map { part in
            let first = symbol(at: part * totalWeight / parts)
            // How far the cut lies within the first symbol, in parts of a weight.
            let rest = part * totalWeight - first.begin * parts
            if isOneByteEnough || rest == 0 { return [first.byte] }
            return [first.byte, symbol(at: rest * totalWeight / (first.weight * parts)).byte]
        }
    }

    private static func symbol(at weight: Int) -> Symbol {
        let next = symbols.firstIndex { $0.begin > weight } ?? symbols.count
        return symbols[next - 1]
    }
}
