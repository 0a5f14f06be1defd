internal import KVStore
internal import Raft

/// A client: does one thing at a time, asks another node when one refuses, is silent or dies, and sends a command again
/// under the same id until somebody can tell what became of it, or until it has lost its patience.
final class RegisterClient {
    private var chance: Chance
    private var number = 0
    private var commands: UInt64 = 0
    private var operation: Operation?
    private var keysToRead: [Int] = []
    private(set) var isFinished = false
    /// What it believes to be in the registers.
    private var seen: [Int: String] = [:]
    /// The node that answered last.
    private var favourite: NodeID?
    private var writes = 0

    private struct Operation {
        let handle: HistoryRecorder<RegisterOperation>.Handle
        let action: RegisterOperation.Action
        let key: Int
        let began: MonotonicTime
        let deadline: MonotonicTime
        /// The node that is asked brings the command to its end; otherwise the client itself does, under one id.
        let isLeftToNode: Bool
        /// Minted by the first node that can.
        var command: Command?
        /// Somebody has accepted it, so that it may have an effect.
        var mayHappen = false
        var attempt = 0
        var process: SimulatedProcess?
    }

    init(_ chance: Chance) { self.chance = chance }

    func waits(for process: SimulatedProcess) -> Bool { operation?.process === process }

    // MARK: One thing after the other

    func begin(_ workload: RegisterWorkload, _ world: World) {
        number = workload.newClientNumber()
        next(workload, world)
    }

    /// Reads every key once, with as much patience as it takes.
    func readAll(_ workload: RegisterWorkload, _ world: World) {
        number = workload.newClientNumber()
        keysToRead = Array(0..<workload.keys)
        next(workload, world)
    }

    private func next(_ workload: RegisterWorkload, _ world: World) {
        operation = nil
        if workload.wantsMore {
            let pause = chance.percent(20) ? chance.milliseconds(1...100) : chance.microseconds(0...3000)
            world.scheduler.after(pause) { [self, unowned workload, unowned world] in
                guard workload.wantsMore else {
                    isFinished = true
                    return
                }
                let key = chance.below(workload.keys)
                call(action(on: key), key, patience: .milliseconds(chance.from(500...4000)), workload, world)
            }
        } else if let key = keysToRead.popLast() {
            call(.get, key, patience: .seconds(60), workload, world)
        } else {
            isFinished = true
        }
    }

    private func action(on key: Int) -> RegisterOperation.Action {
        writes += 1
        let value = "\(number).\(writes)" + String(repeating: ".", count: chance.percent(10) ? chance.below(300) : 0)
        switch chance.below(100) {
        case 0..<40: return .get
        case 40..<65: return .put(value)
        case 65..<75: return .del
        default: return .cas(expected: seen[key], new: chance.percent(90) ? value : nil)
        }
    }

    private func call(
        _ action: RegisterOperation.Action,
        _ key: Int,
        patience: Duration,
        _ workload: RegisterWorkload,
        _ world: World
    ) {
        let now = world.scheduler.now
        world.trace.note(.requested, UInt64(number), UInt64(key), text: "client \(number): \(action) of key \(key)")
        let handle = workload.recordCall(number, RegisterOperation(key: "k\(key)", action: action), at: now)
        operation = Operation(
            handle: handle,
            action: action,
            key: key,
            began: now,
            deadline: now + patience,
            isLeftToNode: action != .get && chance.percent(50)
        )
        attempt(workload, world)
    }

    // MARK: Attempts

    private func attempt(_ workload: RegisterWorkload, _ world: World) {
        guard var current = operation else { return }
        // A node's command has an id that only the node knows: it must not be given to another one as well.
        let mustNotRepeat = current.isLeftToNode && current.mayHappen
        guard world.scheduler.now < current.deadline, !mustNotRepeat else { return giveUp(workload, world) }
        current.attempt += 1
        let attempt = current.attempt
        let node = chance.percent(80) ? favourite ?? world.anyMachine().id : world.anyMachine().id
        let process = world.machine(node).process
        current.process = process
        operation = current
        let way = chance.microseconds(50...500)
        guard let process else { return again(attempt, after: way, workload, world) }
        world.scheduler.after(way) { [self, unowned workload, unowned world] in
            // What a stopped process has kept waiting may be about an operation that is long over.
            process.run { [self, unowned workload, unowned world] in
                guard operation?.handle == current.handle, operation?.attempt == attempt else { return }
                ask(process, attempt, workload, world)
            }
        }
        again(attempt, after: chance.milliseconds(100...1000), workload, world)
    }

    /// Tries once more, unless something has happened until then.
    private func again(_ attempt: Int, after delay: Duration, _ workload: RegisterWorkload, _ world: World) {
        guard let handle = operation?.handle else { return }
        world.scheduler.after(delay) { [self, unowned workload, unowned world] in
            guard operation?.handle == handle, operation?.attempt == attempt else { return }
            favourite = nil
            self.attempt(workload, world)
        }
    }

    func connectionBroke(to process: SimulatedProcess, _ workload: RegisterWorkload, _ world: World) {
        guard let current = operation, current.process === process else { return }
        favourite = nil
        again(current.attempt, after: .zero, workload, world)
    }

    private func giveUp(_ workload: RegisterWorkload, _ world: World) {
        guard let current = operation else { return }
        world.trace.note(.timedOut, UInt64(number), text: "client \(number) gives up")
        if current.mayHappen || current.action == .get {
            workload.recordUnknown()
        } else {
            workload.recordRefused(current.handle)
        }
        number = workload.newClientNumber()
        next(workload, world)
    }

    // MARK: In the process that is asked

    private func ask(_ process: SimulatedProcess, _ attempt: Int, _ workload: RegisterWorkload, _ world: World) {
        guard let loop = process.loop, let current = operation else { return }
        let partition = workload.partition(ofKey: current.key)
        world.trace.note(
            .asked,
            UInt64(number),
            process.node.rawValue,
            text: "client \(number) asks \(process.node), attempt \(attempt)"
        )
        let handle = current.handle
        do throws(RequestRefusal) {
            if current.isLeftToNode {
                execute(current, on: loop, partition, from: process.node, workload, world)
            } else if current.action == .get {
                try loop.read(partition, .value(of: name(of: current.key))) { [self, unowned workload, unowned world] in
                    let answer = $0
                    world.scheduler.after(chance.microseconds(50...500)) { [self] in
                        take(answer, for: handle, from: process.node, workload, world)
                    }
                }
            } else {
                guard let command = command(loop, partition) else { throw .unknownPartition }
                try loop.submit(command, to: partition) { [self, unowned workload, unowned world] in
                    let answer = $0
                    world.scheduler.after(chance.microseconds(50...500)) { [self] in
                        take(answer, for: handle, from: process.node, workload, world)
                    }
                }
                operation?.mayHappen = true
            }
        } catch {
            if case .notLeader(let leader?) = error { favourite = leader } else { favourite = nil }
            let delay = chance.milliseconds(1...30)
            world.scheduler.after(chance.microseconds(50...500)) { [self, unowned workload, unowned world] in
                guard operation?.handle == handle, operation?.attempt == attempt else { return }
                retry(attempt, after: delay, workload, world)
            }
        }
    }

    private func execute(
        _ current: Operation,
        on loop: StoreLoop,
        _ partition: PartitionID,
        from node: NodeID,
        _ workload: RegisterWorkload,
        _ world: World
    ) {
        operation?.mayHappen = true
        loop.execute(on: partition, patience: .milliseconds(chance.from(50...2000))) {
            [self, unowned workload, unowned world] in
            let answer = $0
            world.scheduler.after(chance.microseconds(50...500)) { [self] in
                guard operation?.handle == current.handle, operation?.attempt == current.attempt else { return }
                world.trace.note(.told, UInt64(number), text: "client \(number) by \(node): \(answer)")
                switch answer {
                case .decided(let outcome): decided(outcome, node, workload, world)
                case .unknown: giveUp(workload, world)
                case .refused:
                    operation?.mayHappen = false
                    favourite = nil
                    retry(current.attempt, after: chance.milliseconds(1...30), workload, world)
                }
            }
        } operations: { _ in
            [step(of: current)]
        }
    }

    private func retry(_ attempt: Int, after delay: Duration, _ workload: RegisterWorkload, _ world: World) {
        guard let handle = operation?.handle else { return }
        world.scheduler.after(delay) { [self, unowned workload, unowned world] in
            guard operation?.handle == handle, operation?.attempt == attempt else { return }
            self.attempt(workload, world)
        }
    }

    /// The operation as a command, the same in every attempt.
    private func command(_ loop: StoreLoop, _ partition: PartitionID) -> Command? {
        if let known = operation?.command { return known }
        guard let current = operation, let position = loop.store.appliedPosition(of: partition) else { return nil }
        commands += 1
        let id = CommandID(UInt128(number) << 64 | UInt128(commands))
        operation?.command = Command(id: id, mintedAt: position.index, operations: [step(of: current)])
        return operation?.command
    }

    private func step(of operation: Operation) -> Command.Operation {
        let key = name(of: operation.key)
        switch operation.action {
        case .get: preconditionFailure("reads are no commands")
        case .put(let value): return .put(key: key, value: bytes(value))
        case .del: return .delete(key: key)
        case .cas(let expected, let new):
            return .compareAndSet(key: key, expected: expected.map { bytes($0) }, new: new.map { bytes($0) })
        }
    }

    private func name(of key: Int) -> ArraySlice<UInt8> { bytes("k\(key)") }

    private func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

    // MARK: Answers

    private func take(
        _ answer: ReadAnswer,
        for handle: HistoryRecorder<RegisterOperation>.Handle,
        from node: NodeID,
        _ workload: RegisterWorkload,
        _ world: World
    ) {
        guard let current = operation, current.handle == handle else { return }
        guard case .value(let value, _) = answer else {
            return retry(current.attempt, after: chance.milliseconds(1...30), workload, world)
        }
        let text = value.map { String(decoding: $0, as: UTF8.self) }
        seen[current.key] = text
        favourite = node
        finish(.value(text), workload, world)
    }

    private func take(
        _ answer: CommandAnswer,
        for handle: HistoryRecorder<RegisterOperation>.Handle,
        from node: NodeID,
        _ workload: RegisterWorkload,
        _ world: World
    ) {
        guard let current = operation, current.handle == handle else { return }
        guard case .decided(let outcome, _, _) = answer else {
            return retry(current.attempt, after: chance.milliseconds(1...30), workload, world)
        }
        decided(outcome, node, workload, world)
    }

    private func decided(
        _ outcome: CommandOutcome,
        _ node: NodeID,
        _ workload: RegisterWorkload,
        _ world: World
    ) {
        guard let current = operation else { return }
        favourite = node
        switch (current.action, outcome) {
        case (_, .expired): giveUp(workload, world)
        case (.cas, .conditionFailed): finish(.swapped(false), workload, world)
        case (.cas(_, let new), .applied):
            seen[current.key] = new
            finish(.swapped(true), workload, world)
        case (.put(let value), .applied):
            seen[current.key] = value
            finish(.done, workload, world)
        case (.del, .applied):
            seen[current.key] = nil
            finish(.done, workload, world)
        default: world.fail("\(current.action) came to \(outcome)")
        }
    }

    private func finish(_ answer: RegisterOperation.Answer, _ workload: RegisterWorkload, _ world: World) {
        guard let current = operation else { return }
        let now = world.scheduler.now
        world.trace.note(.answered, UInt64(number), UInt64(current.key), text: "client \(number): \(answer)")
        workload.recordReturn(current.handle, answer, at: now, took: now - current.began)
        next(workload, world)
    }
}
