import HTTPTypes
import Testing

@testable import API

/// Who sees what an organization's event was given: who acts for the organization, whoever once made the event.
@Suite struct OrganizerViewTests {
    @Test func whoLeavesTheOrganizationLeavesItsGiversToo() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let owner = try await client.user("olga")
            let manager = try await client.user("mona")
            let successor = try await client.user("sam")
            let donor = try await client.user("dora")
            func post(_ uri: String, as user: TestUser, _ body: String) async throws -> ReadJSON {
                let headers: HTTPFields = [.authorization: user.authorization, .idempotencyKey: uri]
                return try await client.send(.post, uri, headers, body: body).json
            }
            let made = try await post("/v1/organizations", as: owner, #"{"name": "Clean Water"}"#)
            let organization = try #require(made["id"].string)
            let members = "/v1/organizations/\(organization)/members/"
            let role = #"{"role": "manager"}"#
            #expect(try await client.send(.put, members + manager.id, as: owner, body: role).status == 200)
            let draft = #"{"name": "Well", "currency": "USD", "organizationId": "\#(organization)"}"#
            let event = try #require(try await post("/v1/events", as: manager, draft)["id"].string)
            let topUp = #"{"amount": 10, "currency": "USD", "source": "tok_ok"}"#
            _ = try await post("/v1/wallet/top-ups", as: donor, topUp)
            let gift = #"{"allocations": [{"eventId": "\#(event)", "amount": 1}], "currency": "USD", "message": "Hi", "#
            let given = try await post("/v1/donations", as: donor, gift + #""source": {"type": "wallet"}}"#)
            let transaction = try #require(given["transactions"].array?.first?["id"].string)

            func expect(_ user: TestUser, sees: Bool, at moment: String = "") async throws {
                let history = try await client.send(.get, "/v1/events/\(event)/donations" + moment, as: user)
                let gift = try #require(history.json["items"].array?.first)
                #expect(gift["amount"].int == 1)
                #expect(gift["userId"].string == (sees ? donor.id : nil), "\(user.username)")
                #expect(gift["message"].string == (sees ? "Hi" : nil), "\(user.username)")
                let one = try await client.send(.get, "/v1/transactions/\(transaction)", as: user)
                #expect(one.status == (sees ? 200 : 404), "\(user.username)")
            }
            try await expect(manager, sees: true)
            try await expect(owner, sees: true)
            try await expect(successor, sees: false)
            let totals = try await client.send(.get, "/v1/events/\(event)/totals", as: donor)
            let then = "?at=" + (try #require(totals.json["at"].string))
            #expect(try await client.send(.delete, members + manager.id, as: owner).status == 204)
            #expect(try await client.send(.put, members + successor.id, as: owner, body: role).status == 200)
            try await expect(manager, sees: false)
            try await expect(successor, sees: true)
            // Looking back does not give back what somebody could see then.
            try await expect(manager, sees: false, at: then)
            try await expect(successor, sees: true, at: then)
        }
    }
}
