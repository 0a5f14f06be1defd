/// Somewhere that money can be, of one currency at a time.
///
/// Of users and events there are accounts of their own. The platform's own accounts would be touched by everybody: each
/// is 64 accounts, one a ``Home``, of which a transfer touches the one where its own record lies. Their balance is the
/// sum.
public enum LedgerAccount: Hashable, Sendable {
    /// What a user may spend. A liability, never below zero.
    case wallet(UserID)
    /// What was given to an event. A liability.
    case cause(EventID)
    /// What an event has sold. A liability.
    case eventSales(EventID)
    /// What an associate has earned, or owes where he took cash. A liability.
    case associate(UserID)
    /// One of the platform's own.
    case platform(Platform, Home)

    /// Accounts of which the platform has one.
    public enum Platform: UInt8, Hashable, Sendable, CaseIterable {
        /// Taxes that are owed. A liability.
        case tax = 0x40
        /// Money of which nobody knows yet whose it is. A liability.
        case suspense = 0x41
        /// What gateways have taken and not yet paid out. An asset.
        case gatewayClearing = 0x42
        /// Money at the bank. An asset.
        case bank = 0x43
        /// What the platform has earned. Income.
        case commission = 0x44
        /// What gateways cost. An expense.
        case gatewayFees = 0x45
        /// What discounts cost. An expense.
        case promo = 0x46
        /// What lost disputes cost. An expense.
        case disputeLoss = 0x47

        /// As the journal spells it: `gateway-clearing`.
        public var name: String {
            switch self {
            case .tax: "tax"
            case .suspense: "suspense"
            case .gatewayClearing: "gateway-clearing"
            case .bank: "bank"
            case .commission: "commission"
            case .gatewayFees: "gateway-fees"
            case .promo: "promo"
            case .disputeLoss: "dispute-loss"
            }
        }
    }

    /// The least that may be available: zero for what belongs to somebody. The others may owe as much as can be told with
    /// either sign.
    var floor: Int64 {
        switch self {
        case .wallet, .cause, .eventSales: 0
        case .associate, .platform: -Int64.max
        }
    }

    /// Where everything about the account lies.
    var bucket: Bucket {
        switch self {
        case .wallet(let user), .associate(let user): Bucket(of: user)
        case .cause(let event), .eventSales(let event): Bucket(of: event)
        case .platform(_, let home): home.firstBucket
        }
    }

    /// The kind and the owner's id, or the home.
    var parts: (kind: UInt8, owner: UInt64) {
        switch self {
        case .wallet(let user): (1, user.rawValue)
        case .cause(let event): (2, event.rawValue)
        case .eventSales(let event): (3, event.rawValue)
        case .associate(let user): (4, user.rawValue)
        case .platform(let account, let home): (account.rawValue, UInt64(home.number))
        }
    }

    /// The account of a kind and an owner; nil where there is none such.
    init?(kind: UInt8, owner: UInt64) {
        switch kind {
        case 1: if let id = UserID(checking: owner) { self = .wallet(id) } else { return nil }
        case 2: if let id = EventID(checking: owner) { self = .cause(id) } else { return nil }
        case 3: if let id = EventID(checking: owner) { self = .eventSales(id) } else { return nil }
        case 4: if let id = UserID(checking: owner) { self = .associate(id) } else { return nil }
        default:
            guard let account = Platform(rawValue: kind), owner < Home.count else { return nil }
            self = .platform(account, Home(UInt8(owner)))
        }
    }
}

extension LedgerAccount: CustomStringConvertible {
    /// `wallet:17`, `gateway-clearing/5`.
    public var description: String {
        switch self {
        case .wallet(let user): "wallet:\(user)"
        case .cause(let event): "cause:\(event)"
        case .eventSales(let event): "event-sales:\(event)"
        case .associate(let user): "associate:\(user)"
        case .platform(let account, let home): "\(account.name)/\(home.number)"
        }
    }
}
