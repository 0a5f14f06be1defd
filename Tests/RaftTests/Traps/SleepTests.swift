import RaftScripts
import Testing

/// Groups that sleep are not worse off than groups that are awake.
@Suite("Sleep")
struct SleepTests {
    private static let group = """
        # A leader's process dies and starts anew at once; the others are told that its node is back.

        > quietly tick * 10
        > elect 1
        > quietly run 12

        """

    private static let restart = """
        > crash 1
        > restart 1
        > node-returned 2 1
        > node-returned 3 1

        """

    /// What has happened after `events` to a group of three with leases and these options.
    private func outcome(_ options: String, _ events: String) throws -> String {
        try Script(parsing: "> nodes 3 leases \(options)\n\(Self.group)\(events)> status\n").run().text
    }

    /// Ticks from the restart of the leader's process to a leader of the next term.
    private func ticksUntilSucceeded(_ options: String) throws -> Int? {
        try (1...100).first { ticks in
            try outcome(options, Self.restart + "> quietly run \(ticks)\n").contains("leader term 2")
        }
    }

    @Test("With leases, failover takes no longer asleep than awake when the leader's process starts anew")
    func restartedLeader() throws {
        let asleep = try #require(try ticksUntilSucceeded("quiesce 4"))
        let awake = try #require(try ticksUntilSucceeded(""))
        #expect(awake <= 2 * 10)
        #expect(asleep <= 2 * 10, "an awake group needs two election time-outs at most")
    }

    @Test(
        "With leases, a group does not wait for a leader that starts anew again and again",
        arguments: ["", "quiesce 4"]
    )
    func leaderThatNeverStays(options: String) throws {
        let events = String(repeating: Self.restart + "> quietly run 8\n", count: 20)
        #expect(try outcome(options, events).contains("leader term"), "the others elect")
    }
}
