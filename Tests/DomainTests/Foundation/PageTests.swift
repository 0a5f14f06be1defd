import KVStore
import Testing

@testable import Domain

private let prefix = DomainKey(Table(0xF0), in: Bucket(7))

/// Rows of which few had something, looked at a few at a time.
private struct SparseView: RecordView {
    let rows: UInt64
    let visible: Set<UInt64>
    let rowsAtOnce: Int

    func get(_ key: [UInt8]) async throws(TransactionError) -> StoredEntry? { nil }

    func scan(_ range: KeyRange, limit: Int) async throws(TransactionError) -> EntryPage {
        var entries: [EntryPage.Entry] = []
        let inside = (0..<rows).filter { range.contains(prefix.appending($0).bytes) }
        for (step, row) in inside.enumerated() {
            let key = prefix.appending(row).bytes
            guard step < rowsAtOnce, entries.count < limit else { return EntryPage(entries: entries, next: key) }
            guard visible.contains(row) else { continue }
            entries.append(EntryPage.Entry(key: key, entry: StoredEntry(.bytes([]), version: Timestamp(1))))
        }
        return EntryPage(entries: entries, next: nil)
    }
}

/// Follows a list to its end, and counts its pages.
private func all(_ view: SparseView, limit: Int) async throws -> (keys: [[UInt8]], pages: Int) {
    var keys: [[UInt8]] = []
    var pages = 0
    var after: [UInt8]?
    repeat {
        let page = try await view.entries(under: prefix, PageRequest(limit: limit, after: after))
        keys += page.items.map(\.key)
        pages += 1
        after = page.next
    } while after != nil
    return (keys, pages)
}

@Test(arguments: [1, 2, 3, 50])
func listsEndBehindTheLastThatCanBeSeen(limit: Int) async throws {
    let visible: Set<UInt64> = [0, 1, 255, 256, 257, 511, 512, 599]
    let view = SparseView(rows: 600, visible: visible, rowsAtOnce: 10)
    #expect(try await all(view, limit: limit).keys == visible.sorted().map { prefix.appending($0).bytes })
}

@Test func whereNothingIsToBeSeenForLongPagesAreEmptyAndGoOn() async throws {
    let view = SparseView(rows: 1_000, visible: [999], rowsAtOnce: 1)
    let (keys, pages) = try await all(view, limit: 10)
    #expect(keys == [prefix.appending(999).bytes])
    #expect(pages > 1_000 / PageRequest.mostScans)
}

@Test func aPlaceBeforeAKeyLeadsToIt() throws {
    for number: UInt64 in [0, 1, 255, 256, 1 << 40, .max] {
        let key = prefix.appending(number)
        #expect(prefix.range(after: prefix.place(before: key.bytes)).contains(key.bytes))
        guard number > 0 else { continue }
        #expect(!prefix.range(after: prefix.place(before: key.bytes)).contains(prefix.appending(number - 1).bytes))
    }
}
