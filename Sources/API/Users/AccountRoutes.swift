internal import Hummingbird

/// All routes of accounts: who may ask for which.
struct AccountRoutes: Sendable {
    let sessions: Sessions
    let bodies: RequestBodies
    let signUps: RateLimiter

    func add(
        to router: some RouterMethods<APIContext>,
        authenticated: some RouterMethods<APIContext>,
        admins: some RouterMethods<APIContext>
    ) {
        let routes = SessionRoutes(sessions: sessions, bodies: bodies)
        routes.add(to: router)
        routes.addOwn(to: authenticated)
        // Without a store there are no users; operators' accounts log in all the same.
        guard let users = sessions.users else { return }
        let own = UserRoutes(accounts: users.accounts, sessions: sessions, bodies: bodies, signUps: signUps)
        own.add(to: router)
        own.addOwn(to: authenticated)
        UserAdministration(users: users, bodies: bodies).add(to: admins)
        OrganizationRoutes(organizations: users.organizations, bodies: bodies).addOwn(to: authenticated)
    }
}
