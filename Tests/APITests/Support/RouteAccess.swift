@testable import API

/// Who may ask for what: one row for every method of every resource that the router knows. A route that is not here
/// makes ``RouteAccessTests`` fail.
enum RouteAccess: Sendable {
    /// Needs no token, and looks at none.
    case everybody
    /// Needs no token; refuses one that does not hold.
    case knownOrNot
    /// For users. Somebody who asks for what is another's gets this status.
    case users(foreign: Int)
    /// For administrators.
    case admins

    /// What is asked of a user about himself: there is nothing of another's to ask for.
    static let himself = users(foreign: 200)

    static let table: [String: RouteAccess] = [
        "GET /livez": .everybody, "GET /readyz": .everybody, "GET /metrics": .everybody,
        "GET /.well-known/jwks.json": .everybody,
        "POST /v1/users": .everybody, "POST /v1/sessions": .everybody, "POST /v1/sessions/refresh": .everybody,

        "GET /v1/events": .knownOrNot, "GET /v1/events/:event": .knownOrNot,
        "GET /v1/events/:event/totals": .knownOrNot,

        "GET /v1/users/me": .himself, "PATCH /v1/users/me": .himself, "PUT /v1/users/me/password": .himself,
        "DELETE /v1/sessions/current": .himself, "GET /v1/users/me/donations": .himself,
        "GET /v1/wallet": .himself, "GET /v1/wallet/entries": .himself, "POST /v1/wallet/top-ups": .himself,
        "POST /v1/donations": .himself, "POST /v1/events": .himself,
        "GET /v1/organizations": .himself, "POST /v1/organizations": .himself,

        "GET /v1/wallet/top-ups/:topUp": .users(foreign: 404), "GET /v1/donations/:donation": .users(foreign: 404),
        "GET /v1/transactions/:transaction": .users(foreign: 404),
        // The token says whose outcome it is: of another's request nothing is known.
        "GET /v1/outcomes/:outcome": .users(foreign: 200),
        "PATCH /v1/events/:event": .users(foreign: 403), "POST /v1/events/:event/close": .users(foreign: 403),
        "POST /v1/events/:event/cancel": .users(foreign: 403),
        // What was given is for whoever has an account; who gave is not.
        "GET /v1/events/:event/donations": .users(foreign: 200),
        // Who an organization is, everybody may know who has an account.
        "GET /v1/organizations/:id": .users(foreign: 200), "PATCH /v1/organizations/:id": .users(foreign: 403),
        "GET /v1/organizations/:id/members": .users(foreign: 403),
        "PUT /v1/organizations/:id/members/:user": .users(foreign: 403),
        "DELETE /v1/organizations/:id/members/:user": .users(foreign: 403),

        "GET /v1/users": .admins, "GET /v1/users/:id": .admins, "PUT /v1/users/:id/roles": .admins,
        "GET /v1/kv": .admins, "PUT /v1/kv": .admins, "DELETE /v1/kv": .admins,
        "GET /v1/kv/**": .admins, "PUT /v1/kv/**": .admins, "DELETE /v1/kv/**": .admins,
        // The key `transactions`, and what runs transactions.
        "GET /v1/kv/transactions": .admins, "PUT /v1/kv/transactions": .admins,
        "DELETE /v1/kv/transactions": .admins, "POST /v1/kv/transactions": .admins,
        "GET /v1/kv-transactions/:id": .admins, "POST /v1/verify": .admins,
        "GET /v1/cluster": .admins, "POST /v1/cluster/partitions/:id/transfer-leadership": .admins,
        "POST /v1/cluster/nodes/:id/drain": .admins, "POST /v1/cluster/nodes/:id/undrain": .admins,
    ]

    /// What is sent where `{}` would be refused before anybody looks whose it is.
    static let bodies: [String: String] = [
        "PATCH /v1/organizations/:id": #"{"name": "Mine now"}"#,
        "PUT /v1/organizations/:id/members/:user": #"{"role": "owner"}"#,
        "POST /v1/events/:event/close": "", "POST /v1/events/:event/cancel": "",
    ]
}
