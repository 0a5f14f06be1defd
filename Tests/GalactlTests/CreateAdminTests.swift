import ArgumentParser
import Testing

@testable import galactl

@Suite(.timeLimit(.minutes(1))) struct CreateAdminTests {
    private static func user(_ roles: String) -> String {
        #"{"id": "7", "username": "amelie", "name": "A", "email": "a@b.c", "roles": [\#(roles)], "createdAt": "x"}"#
    }

    private static let donor = user(#""donor""#)
    private static let admin = user(#""donor", "admin""#)

    private static func problem(_ code: String) -> String { #"{"code": "\#(code)", "title": "No."}"# }

    /// What comes of the command at a node that answers so, and what the node was asked.
    private func make(
        _ answers: [String: (status: Int, body: String)]
    ) async throws -> (result: Result<UserView, Failure>, asked: [String]) {
        let node = try ScriptedNode { answers[$0] ?? (404, Self.problem("not-found")) }
        defer { node.end() }
        let command = try UserCreateAdmin.parse(["amelie", "--name", "A", "--email", "a@b.c"])
        let cluster = ClusterConnection(endpoints: [node.endpoint], token: "t", timeoutSeconds: 10)
        let result: Result<UserView, Failure>
        do {
            result = .success(try await command.make(cluster, password: "correct horse"))
        } catch let failure as Failure {
            result = .failure(failure)
        }
        await cluster.close()
        return (result, node.asked)
    }

    private static let find = "GET /v1/users?username=amelie"
    private static let nobody = (status: 200, body: #"{"items": [], "nextCursor": null}"#)

    private static func found(_ user: String) -> (status: Int, body: String) {
        (200, #"{"items": [\#(user)], "nextCursor": null}"#)
    }

    @Test func aUserIsSignedUpAndGivenTheRole() async throws {
        let made = try await make([
            Self.find: Self.nobody, "POST /v1/users": (201, Self.donor), "GET /v1/users/7": (200, Self.donor),
            "PUT /v1/users/7/roles": (200, Self.admin),
        ])
        #expect(try made.result.get().roles == ["donor", "admin"])
        #expect(made.asked == [Self.find, "POST /v1/users", "GET /v1/users/7", "PUT /v1/users/7/roles"])
    }

    @Test(arguments: [401, 403])
    func withoutTheRightNobodyIsSignedUp(status: Int) async throws {
        let made = try await make([
            Self.find: (status, Self.problem("forbidden")), "POST /v1/users": (201, Self.donor),
        ])
        #expect(throws: Failure.self) { try made.result.get() }
        #expect(made.asked == [Self.find])
    }

    @Test func whatWasInterruptedIsFinished() async throws {
        let made = try await make([
            Self.find: Self.found(Self.donor), "POST /v1/sessions": (201, "{}"), "GET /v1/users/7": (200, Self.donor),
            "PUT /v1/users/7/roles": (200, Self.admin),
        ])
        #expect(try made.result.get().roles == ["donor", "admin"])
        #expect(made.asked == [Self.find, "POST /v1/sessions", "GET /v1/users/7", "PUT /v1/users/7/roles"])
    }

    @Test func anAdministratorWhoIsThereIsTold() async throws {
        let made = try await make([Self.find: Self.found(Self.admin), "POST /v1/sessions": (201, "{}")])
        #expect(try made.result.get().id == "7")
        #expect(made.asked == [Self.find, "POST /v1/sessions"])
    }

    @Test func somebodyElseIsNotMadeAnAdministrator() async throws {
        let made = try await make([
            Self.find: Self.found(Self.donor), "POST /v1/sessions": (401, Self.problem("unauthenticated")),
            "GET /v1/users/7": (200, Self.donor), "PUT /v1/users/7/roles": (200, Self.admin),
        ])
        #expect(throws: Failure.self) { try made.result.get() }
        #expect(made.asked == [Self.find, "POST /v1/sessions"])
    }
}
