internal import Raft

/// Why a store's loop did not start. Nothing runs.
public enum StoreLoopError: Error, Hashable, Sendable {
    /// The log's directory cannot be reached.
    case disk(DiskError)
    /// The log cannot be opened.
    case log(LogError)
    /// There is data and no log. What this node has promised to others is lost: it must not start.
    case logMissing
    /// The engine cannot be opened.
    case engine(EngineError)
    /// The store cannot be started from what log and engine hold.
    case store(StoreError)
}

extension StoreLoopError: CustomStringConvertible {
    /// What happened and what to do, for an operator.
    public var description: String {
        switch self {
        case .disk(let error): "the log's directory cannot be used: \(error)"
        case .log(let error): "\(error)"
        case .logMissing:
            "there is data but no log: what this node has promised is lost, and it must not start again; put the log's "
                + "directory back as the node has left it, never an older copy. A node cannot be replaced yet: the others "
                + "go on as long as they are a majority"
        case .engine(let error): "the engine cannot be opened: \(error)"
        case .store(let error): "the store cannot be started: \(error)"
        }
    }
}

/// A node's log and engine, opened or begun.
struct OpenedStorage {
    let directory: any DiskDirectory
    let log: WriteAheadLog
    let found: LogRecovery?
    let engine: any Engine

    init(_ environment: Environment, _ options: StoreLoopOptions) throws(StoreLoopError) {
        do throws(DiskError) { directory = try environment.storage.logDirectory() } catch { throw .disk(error) }
        let opened = try Self.openLog(in: directory, options.log)
        engine = try Self.openEngine(environment)
        if let opened {
            (log, found) = (opened.log, opened.recovery)
            return
        }
        guard try Self.isEmpty(engine) else { throw .logMissing }
        found = nil
        do throws(LogError) {
            let identity = environment.entropy.next()
            log = try WriteAheadLog.create(in: directory, identity: identity, options: options.log)
        } catch {
            throw .log(error)
        }
    }

    private static func openLog(
        in directory: any DiskDirectory,
        _ options: LogOptions
    ) throws(StoreLoopError) -> (log: WriteAheadLog, recovery: LogRecovery)? {
        do throws(LogError) {
            return try WriteAheadLog.open(in: directory, options: options)
        } catch {
            guard error == .missing else { throw .log(error) }
            return nil
        }
    }

    private static func openEngine(_ environment: Environment) throws(StoreLoopError) -> any Engine {
        do throws(EngineError) { return try environment.storage.openEngine() } catch { throw .engine(error) }
    }

    private static func isEmpty(_ engine: any Engine) throws(StoreLoopError) -> Bool {
        do throws(EngineError) {
            return try !engine.iterator(over: nil, caching: .bypass).seekToFirst()
        } catch {
            throw .engine(error)
        }
    }
}
