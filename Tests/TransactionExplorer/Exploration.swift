/// A closed world that moves by choices and by nothing else: a copy that takes the same choices comes to the same state.
protocol ExplorableWorld {
    associatedtype Choice: Hashable, CustomStringConvertible

    /// What may happen next, in an order that depends on the state alone.
    var choices: [Choice] { get }

    /// Lets something happen.
    mutating func take(_ choice: Choice)

    /// Equal for worlds that will behave alike from here on.
    var fingerprint: Int { get }

    /// What is wrong here already, if anything is.
    var violation: String? { get }

    /// True where nothing is on its way any more: only what is out of the ordinary may happen from here.
    var isQuiet: Bool { get }

    /// What is wrong with the end that this quiet world comes to without further disturbance.
    func violationAtTheEnd() -> String?
}

/// Visits every state that a world can come to, each once, depth first.
///
///     world ──▶ for each choice: a copy takes it ──▶ seen before? ──▶ violation? ──▶ and so on
///
/// Nothing is left out but what was seen: a state is known again by its fingerprint, so that two orders of independent
/// events are followed on once.
struct Exploration<World: ExplorableWorld> {
    private(set) var states = 0
    private(set) var transitions = 0
    /// Quiet states, whose ends were looked at.
    private(set) var ends = 0
    private(set) var depth = 0
    private(set) var violation: Violation?
    /// False if the limit came first.
    private(set) var isComplete = true

    /// What is wrong, and how it came about.
    struct Violation {
        let rule: String
        let path: [World.Choice]
    }

    private struct Frame {
        let world: World
        let choices: [World.Choice]
        var next = 0
    }

    private var seen: Set<Int> = []
    private var stack: [Frame] = []

    /// Explores from a world on, until something is wrong or `limit` states have been visited.
    init(of world: World, limit: Int) {
        visit(world)
        while violation == nil, let frame = stack.last {
            guard frame.next < frame.choices.count else {
                stack.removeLast()
                continue
            }
            guard states < limit else {
                isComplete = false
                return
            }
            stack[stack.count - 1].next += 1
            var world = frame.world
            world.take(frame.choices[frame.next])
            transitions += 1
            visit(world)
        }
    }

    private mutating func visit(_ world: World) {
        guard seen.insert(world.fingerprint).inserted else { return }
        states += 1
        let isQuiet = world.isQuiet
        if isQuiet { ends += 1 }
        if let rule = world.violation ?? (isQuiet ? world.violationAtTheEnd() : nil) {
            violation = Violation(rule: rule, path: stack.map { $0.choices[$0.next - 1] })
            return
        }
        stack.append(Frame(world: world, choices: world.choices))
        depth = max(depth, stack.count)
    }
}
