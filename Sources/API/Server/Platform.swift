public import Domain
internal import Hummingbird

/// The domain's services of money, as the API asks them.
public struct Platform: Sendable {
    let services: Services
    let wallets: Wallets
    let topUps: TopUps
    let events: Events
    let donations: Donations
    let causes: Causes
    let requests: Requests
    /// Run it as one of the process's services.
    public let chores: Chores

    /// Puts them together.
    ///
    /// - Parameters:
    ///   - gateway: Who takes money from cards.
    ///   - organizers: Who may act for organizations.
    public init(_ services: Services, gateway: any PaymentGateway, organizers: any Organizers) {
        self.services = services
        wallets = Wallets(services)
        topUps = TopUps(services, gateway: gateway)
        events = Events(services, organizers: organizers)
        donations = Donations(services)
        causes = Causes(services, organizers: organizers)
        requests = Requests(services)
        chores = Chores(services, topUps: topUps)
    }

    /// Adds the routes of money, for everybody, and those for operators.
    func add(
        to router: some RouterMethods<APIContext>,
        operators: some RouterMethods<APIContext>,
        bodies: RequestBodies
    ) {
        let moments = Moments(database: services.database)
        WalletRoutes(wallets: wallets, topUps: topUps, moments: moments, bodies: bodies).add(to: router)
        EventRoutes(events: events, bodies: bodies).add(to: router)
        DonationRoutes(donations: donations, causes: causes, moments: moments, bodies: bodies).add(to: router)
        OutcomeRoutes(requests: requests, topUps: topUps).add(to: router)
        VerificationRoutes(verification: Verification(services.database), moments: moments).add(to: operators)
    }
}
