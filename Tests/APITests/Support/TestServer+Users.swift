import Domain
import HTTPTypes
import NIOCore
import Testing

@testable import API

/// A user who has signed up and logged in.
struct TestUser: Sendable {
    let id: String
    let username: String
    let password: String
    let accessToken: String
    let refreshToken: String

    /// As the user speaks.
    var authorization: String { "Bearer \(accessToken)" }
}

extension TestServer.Client {
    /// A body that signs somebody up.
    static func signUpBody(_ username: String) -> [UInt8] {
        let body = JSON.object([
            ("username", .string(username)), ("password", .string("password of \(username)")),
            ("name", .string("Name of \(username)")), ("email", .string("\(username)@example.org")),
        ])
        return Array(body.text.readableBytesView)
    }

    func signUp(_ username: String) async throws -> Answer {
        try await send(.post, "/v1/users", [.authorization: ""], body: Self.signUpBody(username))
    }

    /// Signs somebody up and logs him in.
    func user(_ username: String) async throws -> TestUser {
        let answer = try await signUp(username)
        return try await again(username, id: try #require(answer.json["id"].string))
    }

    /// Logs somebody in who has signed up before.
    func again(_ username: String, id: String) async throws -> TestUser {
        let session = try await login(username, "password of \(username)").json
        return TestUser(
            id: id,
            username: username,
            password: "password of \(username)",
            accessToken: try #require(session["accessToken"].string),
            refreshToken: try #require(session["refreshToken"].string)
        )
    }

    func refresh(_ token: String) async throws -> Answer {
        let body = JSON.object([("refreshToken", .string(token))]).text
        return try await send(.post, "/v1/sessions/refresh", [.authorization: ""], body: Array(body.readableBytesView))
    }

    /// Asks as a user.
    func send(
        _ method: HTTPRequest.Method,
        _ uri: String,
        as user: TestUser,
        ifMatch tag: String? = nil,
        body: String? = nil
    ) async throws -> Answer {
        var headers: HTTPFields = [.authorization: user.authorization]
        headers[.ifMatch] = tag
        return try await send(method, uri, headers, body: body.map { Array($0.utf8) })
    }
}
