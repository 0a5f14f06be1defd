import Domain
import KVStore
import Testing

@Suite struct OrganizationTests {
    private let fixture = Fixture()
    private var organizations: Organizations { fixture.organizations }

    private func expect(_ code: String, _ body: () async throws -> Void) async {
        do {
            try await body()
            Issue.record("it was done")
        } catch { #expect((error as? DomainError)?.code == code) }
    }

    @Test func whoMakesAnOrganizationOwnsIt() async throws {
        let owner = try await fixture.user("olga").actor
        let guest = try await fixture.user("gus").actor
        let made = try await fixture.organization("Clean Water", owner)
        let id = made.record.id
        #expect(try await organizations.organization(id, guest).record == made.record)
        let members = try await organizations.members(of: id, PageRequest(), owner)
        #expect(members.items.map(\.record.role) == [.owner])
        await expect("forbidden") { _ = try await organizations.members(of: id, PageRequest(), guest) }
        #expect(try await organizations.memberships(of: owner.user, PageRequest()).items.count == 1)
    }

    @Test func ownersSayWhoIsAMember() async throws {
        let owner = try await fixture.user("olga").actor
        let manager = try await fixture.user("mona").actor
        let guest = try await fixture.user("gus").actor
        let id = try await fixture.organization("Clean Water", owner).record.id
        _ = try await organizations.setRole(.manager, of: manager.user, in: id, owner)
        await expect("forbidden") { _ = try await organizations.setRole(.member, of: guest.user, in: id, manager) }
        await expect("forbidden") { try await organizations.remove(owner.user, from: id, manager) }
        await expect("unknown-user") { _ = try await organizations.setRole(.member, of: UserID(7), in: id, owner) }
        _ = try await organizations.setRole(.owner, of: manager.user, in: id, owner)
        _ = try await organizations.setRole(.member, of: owner.user, in: id, manager)
        await expect("forbidden") { _ = try await organizations.setRole(.owner, of: owner.user, in: id, owner) }
        try await organizations.remove(owner.user, from: id, owner)
        #expect(try await organizations.memberships(of: owner.user, PageRequest()).items.isEmpty)
    }

    @Test func thereIsAlwaysAnOwner() async throws {
        let one = try await fixture.user("olga").actor
        let other = try await fixture.user("otto").actor
        let id = try await fixture.organization("Clean Water", one).record.id
        await expect("last-owner") { try await organizations.remove(one.user, from: id, one) }
        await expect("last-owner") { _ = try await organizations.setRole(.member, of: one.user, in: id, one) }
        _ = try await organizations.setRole(.manager, of: other.user, in: id, one)
        await expect("last-owner") { try await organizations.remove(one.user, from: id, one) }
        _ = try await organizations.setRole(.owner, of: other.user, in: id, one)
        // Both leave at the same time: one of them stays.
        await withTaskGroup(of: Void.self) { group in
            for actor in [one, other] {
                group.addTask { try? await organizations.remove(actor.user, from: id, actor) }
            }
        }
        let admin = Actor(user: UserID(1), roles: .admin)
        let members = try await organizations.members(of: id, PageRequest(), admin)
        #expect(members.items.map(\.record.role) == [.owner])
    }

    @Test func everybodyHasAPersonalOneThatOthersDoNotSee() async throws {
        let one = try await fixture.user("olga").actor
        let other = try await fixture.user("otto").actor
        let id = OrganizationID.personal(one.user)
        #expect(try await organizations.organization(id, one).record.name == "olga")
        await expect("not-found") { _ = try await organizations.organization(id, other) }
        let snapshot = try await fixture.services.database.snapshot()
        #expect(try await organizations.role(of: one.user, in: id, snapshot) == .owner)
        #expect(try await organizations.role(of: other.user, in: id, snapshot) == nil)
    }

    @Test func aNewNameNeedsTheVersionThatIsThere() async throws {
        let owner = try await fixture.user("olga").actor
        let made = try await fixture.organization("Clean Water", owner)
        let id = made.record.id
        let renamed = try await organizations.rename(id, to: "Cleaner Water", ifVersion: made.version, owner)
        #expect(renamed.record.name == "Cleaner Water")
        await expect("precondition-failed") {
            _ = try await organizations.rename(id, to: "Cleanest", ifVersion: made.version, owner)
        }
        await expect("invalid") { _ = try await organizations.rename(id, to: "", ifVersion: made.version, owner) }
    }
}
