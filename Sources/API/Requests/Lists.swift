internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import KVStore
internal import NIOCore

/// Lists as all routes of the domain have them: `?limit=&cursor=` in, `{"items": […], "nextCursor": …}` out.
///
/// A cursor says of which list it is, so that it is refused where it would lead to a place that means nothing:
///
///     format: 1 byte │ path, digested: 4 bytes │ place
enum Lists {
    private static let format: UInt8 = 2
    private static let placeBytesLimit = 512

    /// Which part is asked for.
    static func page(_ query: Query, of request: Request) throws(Problem) -> PageRequest {
        let limit = try query.int("limit", in: PageRequest.limits) ?? PageRequest.usualLimit
        guard let cursor = try query.text("cursor") else { return PageRequest(limit: limit) }
        let header = header(of: request)
        guard let bytes = Base64.decodeForAddresses(cursor), bytes.starts(with: header), bytes.count <= placeBytesLimit
        else {
            throw .invalid(parameter: "cursor", "must be the nextCursor of a page of the same list")
        }
        return PageRequest(limit: limit, after: Array(bytes.dropFirst(header.count)))
    }

    /// A page as an answer, which counts against the budget if it is large.
    ///
    /// It ends with the item that brings it to ``PageRequest/usualBytes``; the cursor leads to those that had no
    /// room.
    static func answer<Item>(
        _ page: Page<Item>,
        of request: Request,
        in budget: MemoryBudget,
        headers: HTTPFields = [:],
        _ item: (Item) -> JSON
    ) throws(Problem) -> Response {
        var text = ByteBufferAllocator().buffer(capacity: 1 << 10)
        text.writeStaticString("{\"items\":[")
        var count = 0
        while count < page.items.count, text.readableBytes < PageRequest.usualBytes {
            if count > 0 { text.writeStaticString(",") }
            item(page.items[count]).write(into: &text)
            count += 1
        }
        let place = count < page.items.count ? page.places[count - 1] : page.next
        text.writeStaticString("],\"nextCursor\":")
        JSON.optional(place.map { Base64.encodeForAddresses(header(of: request) + $0) }).write(into: &text)
        text.writeStaticString("}")
        return try .json(text, headers: headers, in: budget)
    }

    /// What all cursors of a list begin with (FNV-1a of its path).
    private static func header(of request: Request) -> [UInt8] {
        var hash: UInt32 = 0x811C_9DC5
        for byte in request.uri.path.utf8 { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        return [format] + (0..<4).map { UInt8(truncatingIfNeeded: hash >> (24 - 8 * $0)) }
    }
}

/// `?at=`: a past moment, as RFC 3339 has it or as the number of a timestamp.
struct Moments: Sendable {
    let database: Database

    /// The moment that a query asks for; nil where it asks for now.
    ///
    /// A time stands for everything up to its millisecond's end.
    func timestamp(_ query: Query) async throws -> Timestamp? {
        guard let text = try query.text("at") else { return nil }
        let number = UInt64(text)
        let instant = number == nil ? Instant(rfc3339: text) : nil
        guard number != nil || instant != nil else {
            throw Problem.invalid(parameter: "at", "must be a time of RFC 3339, or the number of a timestamp")
        }
        let now = try await database.snapshot().timestamp
        // Compared before it becomes a timestamp: there is none for what lies behind the year 4199.
        guard instant.map({ $0.milliseconds <= now.milliseconds }) ?? true else { throw Self.future }
        let asked = number.map { Timestamp($0) } ?? instant.map { Self.end(of: $0) } ?? now
        if asked <= now { return asked }
        guard asked.milliseconds <= now.milliseconds else { throw Self.future }
        return now
    }

    private static var future: Problem { .invalid(parameter: "at", "must not lie in the future") }

    /// The last timestamp of a millisecond.
    private static func end(of instant: Instant) -> Timestamp {
        Timestamp(Timestamp(milliseconds: instant.milliseconds + 1).rawValue - 1)
    }
}
