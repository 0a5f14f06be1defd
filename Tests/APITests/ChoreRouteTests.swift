import Domain
import DomainHarness
import HTTPTypes
import KVStore
import ModelStore
import Testing

@testable import API

/// What nodes do by themselves, as clients see it.
@Suite struct ChoreRouteTests {
    @Test func aLatePaymentIsInTheWalletThoughNobodyHasLookedAtIt() async throws {
        let server = try await MoneyServer()
        try await server.test { client async throws in
            let first = try await client.topUp(5, "tok_late", key: "a")
            #expect(first.status == 202)
            await server.platform.chores.round()
            #expect(try await client.send(.get, "/v1/wallet").json["balances"].array?.first?["incoming"].int == 5)
            let waiting = try await Exposition(client.send(.get, "/metrics", as: nil).text)
            #expect(waiting.value("gala_top_ups_processing") == 1)
            server.model.advance(by: .seconds(5))
            await server.platform.chores.round()
            let balance = try await client.send(.get, "/v1/wallet").json["balances"].array?.first
            #expect(balance?["amount"].int == 5 && balance?["incoming"].int == 0)
            #expect(try await client.topUp(5, "tok_late", key: "a").bytes == first.bytes)
            let settled = try await Exposition(client.send(.get, "/metrics", as: nil).text)
            #expect(settled.value("gala_top_ups_processing") == 0)
            #expect(settled.value("gala_top_ups_reconciled_total") == 1)
            #expect(settled.value("gala_chore_rounds_total") == 2)
            #expect(settled.value("gala_chore_failures_total") == 0)
        }
    }

    @Test func whatIsLateIsFoundAfterManyRounds() async throws {
        let server = try await MoneyServer()
        try await server.test { client async throws in
            _ = try await client.topUp(5, "tok_ok", key: "a")
            for _ in 0..<2 * ReconciledSince.looks { await server.platform.chores.round() }
            #expect(try await client.topUp(7, "tok_late", key: "b").status == 202)
            await server.platform.chores.round()
            #expect(server.platform.chores.counts.topUpsProcessing == 1)
            server.model.advance(by: .seconds(5))
            await server.platform.chores.round()
            #expect(server.platform.chores.counts.topUpsSettled == 1)
        }
    }

    @Test func aNodeWithoutTheLeaseLeavesTheChoresToWhoHasIt() async throws {
        let server = try await MoneyServer()
        #expect(try await ChoreLease(Database(server.model), holder: 1).hold())
        try await server.test { client async throws in
            _ = try await client.topUp(5, "tok_late", key: "a")
            server.model.advance(by: .seconds(5))
            await server.platform.chores.round()
            #expect(server.platform.chores.counts == ChoreCounts())
            // Its holder has died.
            server.model.advance(by: ChoreLease.length)
            await server.platform.chores.round()
            #expect(server.platform.chores.counts.topUpsSettled == 1)
        }
    }

    @Test func aStoreThatIsAwayIsMetAgain() async throws {
        let server = try await MoneyServer()
        try await server.test { client async throws in
            _ = try await client.topUp(5, "tok_late", key: "a")
            server.model.advance(by: .seconds(5))
            server.model.failures = FailureOdds(noLeader: 1_000)
            await server.platform.chores.round()
            #expect(server.platform.chores.counts.failures == 1)
            server.model.failures = .none
            await server.platform.chores.round()
            #expect(server.platform.chores.counts.topUpsSettled == 1)
        }
    }

    @Test func aHomeThatCannotBeReadDoesNotKeepOthersWaiting() async throws {
        let server = try await MoneyServer()
        let (donor, stranger) = (MoneyServer.Person.donor, MoneyServer.Person.stranger)
        #expect(Home(of: donor.id) < Home(of: stranger.id))
        try await server.test { client async throws in
            for person in [donor, stranger] {
                #expect(try await client.topUp(5, "tok_late", as: person, key: "a").status == 202)
            }
            server.model.advance(by: .seconds(5))
            let store = DeafBackend(server.model, at: Home(of: donor.id))
            let services = Services(database: Database(store), ids: server.services.ids)
            let chores = Chores(services, topUps: TopUps(services, gateway: SandboxGateway()))
            await chores.round()
            #expect(chores.counts.failures == 1 && chores.counts.topUpsSettled == 0)
            await chores.round()
            #expect(chores.counts.topUpsSettled == 1)
        }
        // Everybody hears again.
        await server.platform.chores.round()
        server.model.advance(by: ChoreLease.length)
        await server.platform.chores.round()
        #expect(server.platform.chores.counts.topUpsSettled == 1)
    }

    @Test func recordsOfRequestsGoWhenTheirTimeIsOver() async throws {
        let server = try await MoneyServer()
        try await server.test { client async throws in
            let event = try await client.event()
            _ = try await client.topUp(10, key: "a")
            _ = try await client.give([(event, 4)], key: "g")
            let record = TransactionRecord(outcome: .committed, digest: [UInt8](repeating: 0, count: 32))
            server.model.damage(TransactionRecord.key(of: "t"), .bytes(record.encoded))
            for _ in 0..<10 { await server.platform.chores.round() }
            #expect(server.platform.chores.counts.recordsRemoved == 0)
            #expect(try await client.give([(event, 4)], key: "g").headers[.idempotentReplayed] == "true")
            server.model.advance(by: RequestSweep.kept + .seconds(1))
            server.model.damage(TransactionRecord.key(of: "young"), .bytes(record.encoded))
            // A rest lies between two passes.
            for _ in 0..<200 { await server.platform.chores.round() }
            #expect(server.platform.chores.counts.recordsRemoved == 3)
            let left = server.model.contents.filter { $0.key.first == 0x02 }.map(\.key)
            #expect(left == [TransactionRecord.key(of: "young")])
            #expect(try await client.give([(event, 4)], key: "g").headers[.idempotentReplayed] == nil)
            let report = try await client.send(.post, "/v1/verify", as: .admin).json
            #expect(report["holds"] == .bool(true))
        }
    }

    @Test(arguments: ["tok_ok", "tok_declined"])
    func theOutcomeOfARequestWhoseNodeHasDiedIsThatOfItsTopUp(source: String) async throws {
        let server = try await MoneyServer()
        try await server.test { client async throws in
            let key = RequestKey(
                caller: MoneyServer.Person.donor.id,
                route: "POST /v1/wallet/top-ups",
                key: "a",
                fingerprint: []
            )
            let shaken = TopUps(server.services, gateway: Earthquake(model: server.model))
            let currency = try #require(Currency("USD"))
            await #expect(throws: TransactionError.unknown) {
                try await shaken.take(Money(5, currency), from: source, once: key, answer: WalletAnswers.topUp)
            }
            server.model.failures = .none
            server.model.advance(by: .seconds(5))
            await server.platform.chores.round()
            let outcome = try await client.send(.get, OutcomeAddress.path(key)).json
            #expect(outcome["status"].string == "completed")
            #expect(outcome["response"]["status"].int == (source == "tok_ok" ? 201 : 402))
            let said = outcome["response"]["body"]
            #expect(
                source == "tok_ok" ? said["status"].string == "succeeded" : said["code"].string == "payment-declined"
            )
        }
    }

    /// The sandbox, which takes the store down when it is asked.
    private struct Earthquake: PaymentGateway {
        let model: ModelBackend
        let sandbox = SandboxGateway()

        var sources: String { sandbox.sources }
        func accepts(_ source: String) -> Bool { sandbox.accepts(source) }

        func charge(_ charge: Charge) async -> ChargeAnswer {
            model.failures = FailureOdds(noLeader: 1_000)
            return await sandbox.charge(charge)
        }

        func status(of charge: Charge, age: Duration) async -> ChargeAnswer {
            await sandbox.status(of: charge, age: age)
        }
    }
}
