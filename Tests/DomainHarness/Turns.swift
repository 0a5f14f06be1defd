internal import NIOConcurrencyHelpers
internal import Raft

/// Lets one of several tasks run at a time, from one of its pauses to the next, and has a seed decide which: so that
/// whatever happens between them happens again with the same seed.
final class Turns: Sendable {
    private struct State {
        var generator: SeededGenerator
        /// Tasks that have not ended.
        var live: Int
        var waiting: [(number: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: NIOLockedValueBox<State>

    /// Turns for so many tasks, each of which pauses before it does anything.
    init(seed: UInt64, tasks: Int) {
        state = NIOLockedValueBox(State(generator: SeededGenerator(seed: seed), live: tasks))
    }

    /// Waits for this task's next turn.
    func pause(_ number: Int) async {
        await withCheckedContinuation { continuation in
            next { $0.waiting.append((number, continuation)) }
        }
    }

    /// This task has ended.
    func leave() { next { $0.live -= 1 } }

    private func next(_ change: (inout State) -> Void) {
        let chosen = state.withLockedValue { state -> CheckedContinuation<Void, Never>? in
            change(&state)
            guard !state.waiting.isEmpty, state.waiting.count == state.live else { return nil }
            state.waiting.sort { $0.number < $1.number }
            let place = Int(state.generator.next() % UInt64(state.waiting.count))
            return state.waiting.remove(at: place).continuation
        }
        chosen?.resume()
    }
}
