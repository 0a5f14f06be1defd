/// Carries something to another thread that the compiler cannot see to be handed over.
///
/// **Why it is sound.** The doors of `Environment` speak of closures that capture what belongs to the node's loop, so they
/// are not `Sendable`. Whoever boxes one gives it away: the box goes through a lock into a queue, is opened by the one
/// thread that the queue belongs to, and neither side keeps what it captured in use meanwhile, as ``LoopExecutor`` asks of
/// its callers. The lock orders what was written before with what is read after.
struct Moved<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}
