/// What can be done to a cluster from outside.
enum FaultKind: String, CaseIterable, Sendable {
    // Of processes.
    case kill
    case killAll = "kill all"
    case pause
    case restart
    case rolling
    case drain
    case transfer
    case clock
    // Of networks.
    case isolate
    case oneWay = "one way"
    case link = "one link"
    case loss
    case down = "link down"
    case reset

    /// What goes on one after the other; different lanes go on side by side.
    enum Lane: CaseIterable {
        case processes
        case networks
    }

    var lane: Lane {
        switch self {
        case .kill, .killAll, .pause, .restart, .rolling, .drain, .transfer, .clock: .processes
        case .isolate, .oneWay, .link, .loss, .down, .reset: .networks
        }
    }

    /// Those that are possible here.
    static func possible(place: Enclosure.Place, hasFakeClock: Bool) -> [FaultKind] {
        allCases.filter { kind in
            if kind == .clock { return hasFakeClock }
            return kind.lane == .processes || place == .namespaces
        }
    }
}
