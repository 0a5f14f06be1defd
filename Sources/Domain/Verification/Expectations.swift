internal import KVStore

/// What each record says of others.
enum Expectations {
    static func of(_ record: VerifiedRecord, _ report: inout VerificationReport) -> [Expectation] {
        switch record {
        case .entry(let account, let id, let entry): return side(account, id, entry, .posted)
        case .hold(let account, let id, let entry): return side(account, id, entry, .pending)
        case .transfer(let transfer):
            report.counts.transfers += 1
            return sides(transfer) + [reference(transfer)]
        case .event(let event):
            report.counts.events += 1
            return of(event)
        case .openCause(let id, let currency):
            return [
                Expectation("open-cause", EventKeys.event(id), "event \(id), which takes gifts,") { (event: Event) in
                    event.status == .open && event.currency == currency
                }
            ]
        case .listing(let id):
            return [Expectation("listing", EventKeys.event(id), "event \(id), which is listed,") { (_: Event) in true }]
        case .donation(let donation):
            report.counts.donations += 1
            return of(donation)
        case .donor(let id, let user):
            return [self.donation(id, of: user)]
        case .topUp(let topUp):
            report.counts.topUps += 1
            return [of(topUp)]
        case .request(let request, let caller):
            report.counts.requests += 1
            return of(request, caller)
        case .outbox(let entry):
            switch entry.kind {
            case .donationReceipt: return [self.donation(DonationID(entry.reference), of: entry.user)]
            }
        case .balance, .giftCount, .other: return []
        }
    }

    // MARK: Transfers

    /// A transfer has its two sides where its state asks for them, and nowhere else.
    private static func sides(_ transfer: Transfer) -> [Expectation] {
        let id = transfer.id
        let sides = [
            (transfer.debit, LedgerEntry(debitOf: transfer)), (transfer.credit, LedgerEntry(creditOf: transfer)),
        ]
        return sides.flatMap { account, entry in
            [
                place(LedgerKeys.entry(of: account, id), "the entry of transfer \(id) at \(account)", entry)(
                    transfer.state == .posted
                ),
                place(LedgerKeys.hold(at: account, id), "the hold of transfer \(id) at \(account)", entry)(
                    transfer.state == .pending
                ),
            ]
        }
    }

    private static func place(
        _ key: DomainKey,
        _ what: String,
        _ side: LedgerEntry
    ) -> (_ isThere: Bool) -> Expectation {
        { isThere in
            guard isThere else { return Expectation("transfer-has-sides", nothingAt: key, what) }
            return Expectation("transfer-has-sides", key, what) { (found: LedgerEntry) in found.isSame(as: side) }
        }
    }

    /// A side has its transfer.
    private static func side(
        _ account: LedgerAccount,
        _ id: TransferID,
        _ entry: LedgerEntry,
        _ state: Transfer.State
    ) -> [Expectation] {
        [
            Expectation(
                "side-has-transfer",
                LedgerKeys.transfer(id),
                "transfer \(id), a side of which is at \(account),"
            ) {
                (transfer: Transfer) in
                transfer.state == state
                    && (transfer.debit == account && entry.isSame(as: LedgerEntry(debitOf: transfer))
                        || transfer.credit == account && entry.isSame(as: LedgerEntry(creditOf: transfer)))
            }
        ]
    }

    /// A transfer belongs to something that knows it.
    private static func reference(_ transfer: Transfer) -> Expectation {
        let user: UserID =
            switch (transfer.debit, transfer.credit) {
            case (.wallet(let user), _), (_, .wallet(let user)): user
            default: UserID(0)
            }
        switch transfer.kind {
        case .topUp:
            let key = WalletKeys.topUp(TransferID(transfer.reference), of: user)
            return Expectation("top-up", key, "the top-up of transfer \(transfer.id)") { (topUp: TopUp) in
                topUp.transferState == transfer.state && topUp.money == transfer.money
            }
        case .donation:
            let key = DonationKeys.donation(DonationID(transfer.reference), of: user)
            return Expectation("donation", key, "the donation of transfer \(transfer.id)") { (donation: Donation) in
                donation.currency == transfer.money.currency && donation.isAnonymous == transfer.isAnonymous
                    && donation.legs.contains {
                        $0.transfer == transfer.id && .cause($0.event) == transfer.credit
                            && $0.amount == transfer.money.amount
                    }
            }
        }
    }

    // MARK: What transfers belong to

    private static func of(_ donation: Donation) -> [Expectation] {
        let legs = donation.legs.map { leg in
            Expectation(
                "donation",
                LedgerKeys.transfer(leg.transfer),
                "transfer \(leg.transfer) of donation \(donation.id)"
            ) { (transfer: Transfer) in
                transfer.debit == .wallet(donation.donor) && transfer.credit == .cause(leg.event)
                    && transfer.money == Money(leg.amount, donation.currency)
                    && transfer.reference == donation.id.rawValue
            }
        }
        let owner = Expectation(
            "donation",
            DonationKeys.donor(of: donation.id),
            "the donor by id of donation \(donation.id)"
        ) { (owner: DonorOf) in owner.donor == donation.donor }
        return legs + [owner]
    }

    private static func donation(_ id: DonationID, of user: UserID) -> Expectation {
        Expectation("donation", DonationKeys.donation(id, of: user), "donation \(id)") { (_: Donation) in true }
    }

    private static func of(_ topUp: TopUp) -> Expectation {
        Expectation("top-up", LedgerKeys.transfer(topUp.id), "the transfer of top-up \(topUp.id)") {
            (transfer: Transfer) in
            transfer.state == topUp.transferState && transfer.money == topUp.money
                && transfer.credit == .wallet(topUp.user)
        }
    }

    private static func of(_ request: RequestRecord, _ caller: UserID) -> [Expectation] {
        switch request.subject {
        case nil: return []
        case .event(let id):
            return [Expectation("request", EventKeys.event(id), "event \(id) of a request") { (_: Event) in true }]
        case .user(let id):
            return [Expectation("request", .user(id), "user \(id) of a request") { (_: User) in true }]
        case .organization(let id):
            return [
                Expectation("request", .organization(id), "organization \(id) of a request") {
                    (_: Organization) in true
                }
            ]
        case .donation(let id):
            return [
                Expectation("request", DonationKeys.donation(id, of: caller), "donation \(id) of a request") {
                    (_: Donation) in true
                }
            ]
        case .topUp(let id):
            return [
                Expectation("request", WalletKeys.topUp(id, of: caller), "top-up \(id) of a request") {
                    (topUp: TopUp) in
                    // What was answered while it was still processing stays answered so.
                    if case .concluded(.refused) = request.progress { topUp.status == .declined } else { true }
                }
            ]
        }
    }

    private static func of(_ event: Event) -> [Expectation] {
        let open = EventKeys.openCause(event.id, event.currency)
        let listing = Expectation("listing", EventKeys.listing(event.id), "the listing of event \(event.id)") {
            (_: EventListing) in true
        }
        guard event.status == .open else {
            let what = "the way to give to event \(event.id), which is \(event.status.name),"
            return [listing, Expectation("open-cause", nothingAt: open, what)]
        }
        return [
            listing,
            Expectation("open-cause", open) { $0 == nil ? "the way to give to event \(event.id) is missing" : nil },
        ]
    }
}

extension TopUp {
    /// How far the transfer of a top-up is that is as far as this one.
    fileprivate var transferState: Transfer.State {
        switch status {
        case .processing: .pending
        case .succeeded: .posted
        case .declined: .voided
        }
    }
}

extension LedgerEntry {
    /// Whether it is the same side of the same transfer, whatever words came along.
    fileprivate func isSame(as other: LedgerEntry) -> Bool {
        money == other.money && kind == other.kind && counterpart == other.counterpart
            && reference == other.reference && isAnonymous == other.isAnonymous
    }
}
