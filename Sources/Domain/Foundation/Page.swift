/// Which part of a list is asked for.
public struct PageRequest: Hashable, Sendable {
    /// How many items, at most.
    public let limit: Int
    /// Behind which place; nil from the beginning.
    public let after: [UInt8]?

    /// The least and the most items of a page.
    public static let limits = 1...1_000
    /// How many items, where nobody says.
    public static let usualLimit = 100
    /// A page has nothing more once it has so many bytes, as they are stored or as they are told, whatever the limit.
    public static let usualBytes = 1 << 20
    /// So often a page is looked for where there is nothing to be seen, before it is left empty.
    static let mostScans = 64

    /// Asks for a part. The caller knows that the limit is within ``limits``.
    public init(limit: Int = usualLimit, after: [UInt8]? = nil) {
        precondition(Self.limits.contains(limit), "a page's limit is within the limits")
        self.limit = limit
        self.after = after
    }
}

/// A part of a list; it may have fewer items than were asked for, or none, and a next one all the same.
public struct Page<Item> {
    /// In the list's order.
    public let items: [Item]
    /// Where to go on behind each item.
    public let places: [[UInt8]]
    /// Where to go on; nil if that was all.
    public let next: [UInt8]?

    /// Makes a page.
    public init(items: [Item], places: [[UInt8]], next: [UInt8]?) {
        precondition(items.count == places.count, "each item of a page has its place")
        self.items = items
        self.places = places
        self.next = next
    }
}

extension Page: Sendable where Item: Sendable {}
