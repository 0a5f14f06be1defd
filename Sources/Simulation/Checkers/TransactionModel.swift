/// Numbers under keys: some absent, all of them at first. What a transaction does to them happens at one moment.
///
/// Keys are numbered. A state holds all of them, so that its size, and the search's memory with it, grows with their
/// number: the model is for histories of some dozen keys that belong together.
struct TransactionModel: SequentialModel {
    /// A transaction and what it was answered.
    struct Step: Hashable {
        enum Action: Hashable {
            /// Nil inside of the pair: it was absent. Nil outside: nobody knows what was read.
            case read(Int, Int64??)
            case write(Int, Int64)
            case add(Int, Int64, floor: Int64?)
        }

        let actions: [Action]
        /// It was refused since a sum would have been below its floor.
        let isRefusal: Bool
    }

    let keyCount: Int

    var initialState: [Int64?] { Array(repeating: nil, count: keyCount) }

    func apply(_ step: Step, to state: [Int64?]) -> [Int64?]? {
        var next = state
        for action in step.actions {
            switch action {
            case .read(let key, let seen):
                if let seen, !step.isRefusal, seen != next[key] { return nil }
            case .write(let key, let value): next[key] = value
            case .add(let key, let delta, let floor):
                let (sum, overflows) = (next[key] ?? 0).addingReportingOverflow(delta)
                if overflows || floor.map({ sum < $0 }) ?? false { return step.isRefusal ? state : nil }
                next[key] = sum
            }
        }
        return step.isRefusal ? nil : next
    }

    func isReadOnly(_ step: Step) -> Bool {
        step.isRefusal || step.actions.allSatisfy { if case .read = $0 { true } else { false } }
    }
}
