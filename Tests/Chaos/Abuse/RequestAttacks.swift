extension Attack {
    /// Requests that break a rule, each of which must be refused in words.
    static let requests: [Attack] = [
        refused("unknown route", [404]) { $0.head("GET", "/v1/nothing-here") },
        refused("unknown method", [501, 400]) { $0.head("BREW", "/v1/kv/a") },
        refused("method that a resource has not", [405]) { $0.head("POST", "/livez", "Content-Length: 0\r\n") },
        refused("no token", [401]) { _ in "GET /v1/kv/a HTTP/1.1\r\nHost: a\r\n\r\n" },
        refused("token of nobody", [401]) { _ in
            "GET /v1/kv/a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer eyJhbGciOiJub25lIn0.e30.\r\n\r\n"
        },
        refused("malformed JSON", [400]) { json($0, "{\"username\": ") },
        refused("JSON of the wrong shape", [400, 422]) { json($0, "[1, 2, {\"username\": {}}]") },
        refused("JSON nested 15,000 deep", [400, 413, 422]) { json($0, String(repeating: "[", count: 15_000)) },
        Attack("JSON with bytes that are no UTF-8") { target in
            let body = Array("{\"username\": \"".utf8) + [0xFF, 0xC0, 0x80] + Array("\", \"password\": \"a\"}".utf8)
            let head = "POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            let heard = try await target.http(Array("\(head)Content-Length: \(body.count)\r\n\r\n".utf8) + body)
            guard let status = heard.statuses.first, [400, 401, 422].contains(status) else {
                throw Violation("JSON with bytes that are no UTF-8: \(heard.text.prefix(100))")
            }
            return "\(status)"
        },
        refused("key of 5,000 bytes", [422]) { $0.head("GET", "/v1/kv/" + String(repeating: "k", count: 5_000)) },
        refused("no key", [422]) { $0.head("PUT", "/v1/kv/", "Content-Length: 0\r\n") },
        refused("percent sign without digits", [400]) { $0.head("GET", "/v1/kv/%zz") },
        refused("value of 1 MiB and a byte, announced", [413]) {
            $0.head("PUT", "/v1/kv/a", "Content-Length: 1048577\r\n")
        },
        refused("value of a terabyte, announced", [413]) {
            $0.head("PUT", "/v1/kv/a", "Content-Length: 1099511627776\r\n")
        },
        refused("negative length", [400]) { $0.head("PUT", "/v1/kv/a", "Content-Length: -1\r\n") },
        refused("two lengths", [400]) { $0.head("PUT", "/v1/kv/a", "Content-Length: 1\r\nContent-Length: 2\r\n") },
        refused("length and chunks", [400]) {
            $0.head("PUT", "/v1/kv/a", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n"
        },
        refused("chunk size that is no number", [400]) {
            $0.head("PUT", "/v1/kv/a", "Transfer-Encoding: chunked\r\n") + "zz\r\nabc\r\n"
        },
        refused("header field of 40,000 bytes", [400, 431]) {
            $0.head("GET", "/livez", "X-Long: \(String(repeating: "a", count: 40_000))\r\n")
        },
        refused("1,000 header fields", [400, 431]) {
            $0.head("GET", "/livez", (0..<1_000).map { "X-\($0): a\r\n" }.joined())
        },
        refused("page of a million", [422]) { $0.head("GET", "/v1/kv?limit=1000000") },
        refused("cursor of nobody", [422]) { $0.head("GET", "/v1/kv?cursor=abc") },
        refused("HTTP/9.9", [400, 505]) { _ in "GET / HTTP/9.9\r\n\r\n" },
        refused("text that is no request", [400]) { _ in "GET\r\n\r\n" },
    ]

    private static func json(_ target: Target, _ body: String) -> String {
        "POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)"
            + "\r\n\r\n" + body
    }

    /// A request that must be answered with one of these statuses, or by closing where it is not even HTTP.
    private static func refused(
        _ name: String,
        _ statuses: [Int],
        _ text: @escaping @Sendable (Target) -> String
    ) -> Attack {
        Attack(name) { target in
            let heard = try await target.http(text(target))
            if let status = heard.statuses.first {
                guard statuses.contains(status) else {
                    throw Violation("\(name): answered with \(status), not \(statuses)")
                }
                return "\(status)"
            }
            guard heard.isClosed else { throw Violation("\(name): neither answered nor closed") }
            guard statuses.contains(400) else { throw Violation("\(name): closed without an answer") }
            return "closed"
        }
    }
}
