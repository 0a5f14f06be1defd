/// Owns one object of RocksDB's C interface.
///
/// Invariant: `pointer` came from the matching create function, nobody else destroys it, and it is destroyed exactly
/// once, when the owner goes. Whoever passes `pointer` to a call keeps the owner alive until the call returns.
struct RocksHandle: ~Copyable {
    let pointer: OpaquePointer
    private let destroy: @convention(c) (OpaquePointer?) -> Void

    /// Takes over what a create function has returned. RocksDB ends the process itself when memory ends, so such
    /// a function never returns nothing.
    init(_ created: OpaquePointer?, destroy: @convention(c) (OpaquePointer?) -> Void) {
        guard let created else { preconditionFailure("RocksDB has created nothing") }
        pointer = created
        self.destroy = destroy
    }

    deinit { destroy(pointer) }
}
