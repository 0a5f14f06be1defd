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

    /// Asks for a part. The caller knows that the limit is within ``limits``.
    public init(limit: Int = usualLimit, after: [UInt8]? = nil) {
        precondition(Self.limits.contains(limit), "a page's limit is within the limits")
        self.limit = limit
        self.after = after
    }
}

/// A part of a list.
public struct Page<Item> {
    /// In the list's order.
    public let items: [Item]
    /// Where to go on; nil if that was all.
    public let next: [UInt8]?

    /// Makes a page.
    public init(items: [Item], next: [UInt8]?) {
        self.items = items
        self.next = next
    }
}

extension Page: Sendable where Item: Sendable {}
