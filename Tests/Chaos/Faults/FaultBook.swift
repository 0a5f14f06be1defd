import Glibc
import Synchronization

/// Which faults there were, when, and which are going on.
final class FaultBook: Sendable {
    /// One fault, from its first effect to its last.
    struct Entry: Sendable {
        let kind: FaultKind
        let what: String
        let beganNs: Int64
        var endedNs: Int64?
    }

    private let entries = Mutex<[Entry]>([])
    private let beganNs = Ledger.now()

    /// Notes that a fault has taken hold.
    func began(_ kind: FaultKind, _ what: String) -> Int {
        entries.withLock { entries in
            entries.append(Entry(kind: kind, what: what, beganNs: Ledger.now(), endedNs: nil))
            return entries.count - 1
        }
    }

    func ended(_ place: Int) { entries.withLock { $0[place].endedNs = Ledger.now() } }

    var all: [Entry] { entries.withLock { $0 } }

    func count(_ kind: FaultKind) -> Int { all.count { $0.kind == kind } }

    /// What was going on at some moment between two times.
    func goingOn(from: Int64, to: Int64) -> [Entry] {
        all.filter { $0.beganNs <= to && ($0.endedNs ?? .max) >= from }
    }

    /// A line a fault, with seconds since the beginning.
    var timeline: String {
        all.map { entry in
            let end = entry.endedNs.map { seconds($0 - beganNs) } ?? "…"
            return "\(seconds(entry.beganNs - beganNs)) to \(end)  \(entry.kind.rawValue): \(entry.what)\n"
        }.joined()
    }

    func seconds(at ns: Int64) -> String { seconds(ns - beganNs) }

    private func seconds(_ ns: Int64) -> String {
        let milliseconds = ns / 1_000_000
        let rest = "\(1_000 + milliseconds % 1_000)".dropFirst()
        return "\(milliseconds / 1_000).\(rest) s"
    }
}
