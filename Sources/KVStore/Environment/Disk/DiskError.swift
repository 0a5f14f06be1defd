/// What went wrong at a disk, in the words its users decide by.
public enum DiskError: Error, Hashable, Sendable {
    /// No room left. Nothing is broken: the same call can succeed once there is room again.
    case noSpace(operation: String)
    /// No file has this name.
    case notFound(name: String)
    /// A file has this name already.
    case alreadyExists(name: String)
    /// The directory has another holder.
    case locked
    /// A synchronisation failed. What was written since the last good one may be lost, whatever a later one says.
    case synchronization(code: Int32)
    /// The device or the file system refused; `code` is its `errno`.
    case device(operation: String, code: Int32)
    /// The simulated machine has lost its power; only its restart helps.
    case poweredOff
}

extension DiskError: CustomStringConvertible {
    /// What an operator reads.
    public var description: String {
        switch self {
        case .noSpace(let operation): "no space left on the disk (\(operation))"
        case .notFound(let name): "no file named \(name)"
        case .alreadyExists(let name): "a file named \(name) exists already"
        case .locked: "another process holds the directory"
        case .synchronization(let code): "synchronising failed (errno \(code)); what was written may be lost"
        case .device(let operation, let code): "\(operation) failed (errno \(code))"
        case .poweredOff: "the machine is off"
        }
    }
}
