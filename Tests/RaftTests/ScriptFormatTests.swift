import RaftScripts
import Testing

/// The format of interaction scripts, and that a script which lies is found out.
@Suite struct ScriptFormatTests {
    private let honest = """
        # A group of one.

        > nodes 1
        > campaign 1
          1 persist #1 term 1 vote 1 commit 0
        > status 1
          1 candidate term 1 last 0/0 committed 0 applied 0

        """

    @Test func aScriptKeepsItsText() throws {
        #expect(try Script(parsing: honest).text == honest)
    }

    @Test func runningAnHonestScriptGivesItAgain() throws {
        #expect(try Script(parsing: honest).run().text == honest)
    }

    @Test func alteredOutputIsShownWithItsLine() throws {
        let altered = honest.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("  1 persist") ? "  1 persist #1 term 7 vote 1 commit 0" : String($0) }
            .joined(separator: "\n")
        let difference = LineDifference(expected: altered, actual: try Script(parsing: altered).run().text)
        #expect(
            difference.description == """
                   3   > nodes 1
                   4   > campaign 1
                   5 -   1 persist #1 term 7 vote 1 commit 0
                   5 +   1 persist #1 term 1 vote 1 commit 0
                   6   > status 1
                   7     1 candidate term 1 last 0/0 committed 0 applied 0
                """
        )
    }

    @Test func missingAndSuperfluousOutputIsFoundOut() throws {
        let silent = "# Nothing said.\n> nodes 1\n> campaign 1\n"
        #expect(!LineDifference(expected: silent, actual: try Script(parsing: silent).run().text).isEmpty)
        let talkative = "# Too much said.\n> nodes 1\n  something\n"
        #expect(!LineDifference(expected: talkative, actual: try Script(parsing: talkative).run().text).isEmpty)
    }

    @Test(arguments: [
        ("  output first\n", "line 1: output must follow its command"),
        ("# a comment\nplain words\n", "line 2: a line is empty, '# comment', '> command' or indented output"),
    ])
    func whatIsNoScriptIsNotRead(_ text: String, _ reason: String) {
        #expect { try Script(parsing: text) } throws: { "\($0)" == reason }
    }

    @Test(arguments: [
        ("> dance 1\n", "line 1: dance 1: 'dance' is no command"),
        ("> nodes 1\n> campaign 2\n", "line 2: campaign 2: there is no node 2"),
        ("> nodes 1\n> campaign 1 now\n", "line 2: campaign 1 now: what is 'now'?"),
        ("> nodes 1 election 0\n", "line 1: nodes 1 election 0: electionTicks must be greater than heartbeatTicks"),
        ("> nodes 2\n> deliver 1→2 vote\n", "line 2: deliver 1→2 vote: no such message is on its way"),
    ])
    func commandsThatMakeNoSenseAreNamed(_ text: String, _ reason: String) {
        #expect { try Script(parsing: text).run() } throws: { "\($0)" == reason }
    }

    @Test(arguments: [
        "prevote term 1 for 2 last 1/5 committed 1/4",
        "prevote-reply term 2 for 2 refused",
        "vote term 2 last 1/5 transfer committed 1/5",
        "vote-reply term 2 granted",
        #"append term 2 prev 1/5 entries [2/6 "a b", 2/7 noop, 2/8 voters 1,2 outgoing 1,3 learners 4,5+] commit 5"#,
        "appended term 2 match 6",
        "append-rejected term 2 at 6 hint 1/4",
        "heartbeat term 2 commit 5 round 3",
        "heartbeat-reply term 2",
        "stale-term term 3",
        "install term 2 1/5 voters 1,2,3 retired 4",
        "campaign-now term 2",
        "read-reply term 2 id 1.1 index 5",
        "quiesce term 2 last 2/8",
    ])
    func messagesAreReadAsTheyAreWritten(_ message: String) throws {
        let script = "> nodes 2\n> echo 1→2 \(message)\n"
        #expect(try Script(parsing: script).run().text == "\(script)  1→2 \(message)\n")
    }
}
