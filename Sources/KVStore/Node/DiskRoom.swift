/// How much room a node's disk has for its log, as the limits of its loop tell.
public enum DiskRoom: Int, Comparable, Hashable, Sendable {
    /// What is left is for the node itself.
    case nothing
    /// What is left is for what has begun, and for what readers wait for.
    case little
    /// There is room for everything.
    case enough

    /// More room is greater.
    public static func < (a: DiskRoom, b: DiskRoom) -> Bool { a.rawValue < b.rawValue }
}
