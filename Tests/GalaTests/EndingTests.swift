import Testing

@testable import gala

@Suite(.timeLimit(.minutes(1))) struct EndingTests {
    /// A service that fails has all others cancelled: the node writes what it holds and says goodbye all the same.
    @Test func whatIsCancelledEndsInGoodOrder() async throws {
        let (ends, end) = AsyncStream.makeStream(of: Bool.self)
        let service = EndingService {
            end.yield(Task.isCancelled)
            end.finish()
        }
        let running = Task { try await service.run() }
        running.cancel()
        try await running.value
        var wereCancelled: [Bool] = []
        for await wasCancelled in ends { wereCancelled.append(wasCancelled) }
        #expect(wereCancelled == [false])
    }
}
