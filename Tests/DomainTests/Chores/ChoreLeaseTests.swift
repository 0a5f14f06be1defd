import KVStore
import ModelStore
import Testing

@testable import Domain

@Suite struct ChoreLeaseTests {
    private let model = ModelBackend()
    private func lease(_ holder: UInt64) -> ChoreLease { ChoreLease(Database(model), holder: holder) }

    @Test func oneHoldsItAsLongAsItComesBack() async throws {
        let (one, other) = (lease(1), lease(2))
        for _ in 0..<20 {
            #expect(try await one.hold())
            #expect(try await !other.hold())
            model.advance(by: .seconds(5))
        }
    }

    @Test func anotherTakesOverWhenItHasRunOut() async throws {
        let (one, other) = (lease(1), lease(2))
        #expect(try await one.hold())
        model.advance(by: ChoreLease.length - .seconds(1))
        #expect(try await !other.hold())
        model.advance(by: .seconds(2))
        #expect(try await other.hold())
        #expect(try await !one.hold())
    }

    @Test func ofManyAtOnceOneGetsIt() async throws {
        let holders = try await withThrowingTaskGroup(of: Bool.self) { group in
            for holder in 1...20 as ClosedRange<UInt64> { group.addTask { try await lease(holder).hold() } }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(holders == 1)
    }

    @Test func whoHasHalfOfItLeftWritesNothing() async throws {
        #expect(try await lease(1).hold())
        let before = model.contents
        #expect(try await lease(1).hold())
        #expect(model.contents == before)
    }
}
