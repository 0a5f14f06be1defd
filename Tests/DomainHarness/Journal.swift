package import Domain
internal import NIOConcurrencyHelpers

/// What was said about each request, by its key: once something is said for good, nothing else may be said.
package final class Journal: Sendable {
    private struct Page {
        var planned: Plan.Planned
        var said: Heard?
        /// True if something on the way may have made two copies of one that was sent.
        var mayBeDoubled = false
    }

    private struct State {
        var pages: [String: Page] = [:]
        var failure: String?
    }

    private let state = NIOLockedValueBox(State())

    package init() {}

    /// The first thing that was wrong.
    package var failure: String? { state.withLockedValue { $0.failure } }

    package func fail(_ text: String) { state.withLockedValue { $0.failure = $0.failure ?? text } }

    /// Notes what was heard of a request that was sent once.
    ///
    /// - Parameter mayBeDoubled: True if there may have been two copies: that one had no effect says nothing of the other.
    package func note(_ key: String, _ planned: Plan.Planned, _ heard: Heard, mayBeDoubled: Bool = false) {
        if case .impossible(let text) = heard { fail("request \(key) comes to what cannot be: \(text)") }
        state.withLockedValue { state in
            var page = state.pages[key] ?? Page(planned: planned)
            page.mayBeDoubled = page.mayBeDoubled || mayBeDoubled
            switch (page.said, heard) {
            case (nil, .concluded), (nil, .unknown): page.said = heard
            // A copy that had no effect says nothing of the others.
            case (_, .nothing), (_, .impossible): break
            case (.unknown, .concluded): page.said = heard
            case (.some, .unknown): break
            case (.some(let before), .concluded):
                if before != heard {
                    state.failure = state.failure ?? "request \(key) is answered \(before), and then \(heard)"
                }
            }
            state.pages[key] = page
        }
    }

    package func planned(_ key: String) -> Plan.Planned? { state.withLockedValue { $0.pages[key]?.planned } }

    /// Keys of requests of which nobody knows what became of them.
    package func openKeys(of user: UserID) -> [String] {
        state.withLockedValue { state in
            let open = state.pages.filter { key, page in
                (page.said == .unknown || (page.said == nil && page.mayBeDoubled)) && key.hasPrefix("\(user)-")
            }
            return open.map(\.key).sorted()
        }
    }

    /// Keys of requests of which it is known.
    package var closedKeys: [String] {
        state.withLockedValue { state in
            state.pages.filter { if case .concluded = $0.value.said { true } else { false } }.map(\.key).sorted()
        }
    }

    /// What was answered for good.
    package var answers: [(planned: Plan.Planned, answer: RecordedAnswer)] {
        state.withLockedValue { state in
            state.pages.sorted { $0.key < $1.key }.compactMap { _, page in
                guard case .concluded(.answered(let answer)) = page.said else { return nil }
                return (page.planned, answer)
            }
        }
    }

    /// Requests that were told of a decline, although their gateway only declines what is meant to be declined.
    var declined: [String] {
        state.withLockedValue { state in
            state.pages.filter { _, page in
                guard case .take(_, let source) = page.planned.action, source != "tok_declined",
                    case .concluded(.refused) = page.said
                else { return false }
                return true
            }.keys.sorted()
        }
    }

    /// Top-ups that were answered.
    package func topUps() -> [(id: TransferID, user: UserID)] {
        answers.compactMap { planned, answer in
            guard case .take = planned.action, let id = TransferID(String(decoding: answer.content, as: UTF8.self)),
                let user = UserID(String(planned.key.prefix { $0 != "-" }))
            else { return nil }
            return (id, user)
        }
    }
}
