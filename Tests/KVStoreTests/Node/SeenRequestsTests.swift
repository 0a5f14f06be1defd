import Raft
import Testing

@testable import KVStore

/// Behind a reference, so that expectations may change it.
private final class Seen {
    private var requests = SeenRequests()

    func note(_ number: UInt64, from node: NodeID, incarnation: UInt64) -> Bool {
        requests.note(number, from: node, incarnation: incarnation)
    }
}

@Suite struct SeenRequestsTests {
    @Test func aRequestIsNewOnce() {
        let seen = Seen()
        #expect(seen.note(1, from: NodeID(2), incarnation: 7))
        #expect(!seen.note(1, from: NodeID(2), incarnation: 7))
        #expect(seen.note(1, from: NodeID(3), incarnation: 7))
        #expect(seen.note(1, from: NodeID(2), incarnation: 8))
    }

    @Test func requestsMayOvertakeEachOther() {
        let seen = Seen()
        for number in [5, 3, 9, 4, 1] as [UInt64] {
            #expect(seen.note(number, from: NodeID(1), incarnation: 1))
        }
        for number in [1, 3, 4, 5, 9] as [UInt64] {
            #expect(!seen.note(number, from: NodeID(1), incarnation: 1))
        }
        #expect(seen.note(2, from: NodeID(1), incarnation: 1))
    }

    @Test func whatIsTooOldToTellCountsAsSeen() {
        let seen = Seen()
        #expect(seen.note(SeenRequests.window + 10, from: NodeID(1), incarnation: 1))
        #expect(!seen.note(10, from: NodeID(1), incarnation: 1))
        #expect(seen.note(11, from: NodeID(1), incarnation: 1))
    }

    /// A node may say any number.
    @Test func theGreatestNumbersAreTakenAsAnyOthers() {
        let seen = Seen()
        #expect(seen.note(7, from: NodeID(1), incarnation: 1))
        let first = UInt64.max - SeenRequests.window + 1
        for number in [UInt64.max, UInt64.max - 1, first] {
            #expect(seen.note(number, from: NodeID(1), incarnation: 1))
            #expect(!seen.note(number, from: NodeID(1), incarnation: 1))
        }
        for number in [first - 1, 8, 7, 0] { #expect(!seen.note(number, from: NodeID(1), incarnation: 1)) }
    }

    /// The ring's places are used again and again: an old mark must not pass for a new one.
    @Test func everyNumberIsNewOnceWhateverTheOrder() {
        let seen = Seen()
        var model = Set<UInt64>()
        var random = SplitMix(seed: 17)
        var base: UInt64 = 1
        for _ in 0..<200_000 {
            base += random.next() % 40
            let number = base - min(base - 1, random.next() % 1_000)
            let isNew = model.insert(number).inserted
            #expect(seen.note(number, from: NodeID(1), incarnation: 1) == isNew)
        }
    }

    @Test func aJumpForgetsWhatLiesBetween() {
        let seen = Seen()
        for number in 1...200 as ClosedRange<UInt64> { _ = seen.note(number, from: NodeID(1), incarnation: 1) }
        let far = SeenRequests.window * 5 + 100
        #expect(seen.note(far, from: NodeID(1), incarnation: 1))
        for number in far - 300..<far { #expect(seen.note(number, from: NodeID(1), incarnation: 1)) }
    }
}
