import Testing

@testable import KVStore
@testable import TransactionExplorer

/// A world whose events happen in the order in which they are written, a line each, named as timelines name them.
struct Script {
    private(set) var world: TransactionWorld

    init(_ scenario: Scenario) { world = scenario.world }

    /// Lets events happen; all of them are possible when it is their turn.
    mutating func play(_ lines: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        for line in lines.split(separator: "\n") {
            let name = String(line.drop { $0 == " " })
            guard let choice = world.choices.first(where: { $0.description == name }) else {
                let possible = world.choices.map { "\n    \($0)" }.joined()
                Issue.record("not possible: \(name); but:\(possible)", sourceLocation: sourceLocation)
                throw ScriptError.impossible(name)
            }
            world.take(choice)
        }
        #expect(world.violation == nil, sourceLocation: sourceLocation)
    }

    /// True if an event of this name may happen now.
    func isPossible(_ name: String) -> Bool { world.choices.contains { $0.description == name } }

    /// Lets everything that is on its way arrive, in some order, and all time pass that it takes.
    mutating func finish(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(world.violationAtTheEnd() == nil, sourceLocation: sourceLocation)
        world.comeToAnEnd()
    }

    private func client(_ name: String) -> Client? { world.clients.first { $0.plan.name == name } }

    /// What a client was told.
    func outcome(of name: String) -> Client.Outcome? { client(name)?.outcome }

    /// When a client's transaction has committed.
    func commit(of name: String) -> Timestamp? {
        if case .committed(let timestamp)? = outcome(of: name) { timestamp } else { nil }
    }

    /// When a client's transaction began to read.
    func start(of name: String) -> Timestamp? { client(name)?.start }

    /// Which attempt a client has come to.
    func trial(of name: String) -> Int? { client(name)?.trial }

    /// What a client has seen at a key: text, the sum of a counter, or nothing.
    func seen(_ key: String, by name: String) -> String? {
        let pages = client(name)?.pages.flatMap(\.entries) ?? []
        let seen = ((client(name)?.seen ?? []) + pages).last { $0.key == Array(key.utf8) }
        return seen?.content.map { Self.text($0) }
    }

    /// What lies at a key now, for whoever waits for nobody.
    func stored(_ key: String, at timestamp: Timestamp? = nil) -> String? {
        let contents = world.contents(FixedRouting.site(of: Array(key.utf8)), isDeposed: false)
        guard case .entries(let entries) = contents.read([Array(key.utf8)], at: timestamp) else { return "unreadable" }
        return entries.first.flatMap { $0.map { Self.text($0.content) } }
    }

    private static func text(_ content: StoredEntry.Content) -> String {
        switch content {
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .counter(let value): "\(value)"
        }
    }

    private enum ScriptError: Error {
        case impossible(String)
    }
}
