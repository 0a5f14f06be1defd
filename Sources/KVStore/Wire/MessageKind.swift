/// The bytes of messages between stores:
///
///     message   length │ kind │ fields │ later fields
///
/// The length counts what is behind it. Numbers stand in groups of seven bits, the lowest first. Raft's messages
/// (1 to 16) begin with partition, from, to and term; of snapshots (18 to 21) with partition, from, to and position.
///
///      1  pre-vote request   prospective term │ last entry │ committed
///      2  pre-vote reply     prospective term │ granted │ committed
///      3  vote request       last entry │ transfer │ committed
///      4  vote reply         granted │ committed
///      5  append             previous │ commit │ how many entries │ entry …
///      6  appended           match
///      7  append rejected    rejected │ hint
///      8  heartbeat          commit │ read round
///      9  heartbeat reply    read round
///     10  stale term
///     11  install snapshot   position │ configuration
///     12  campaign now
///     13  read request       incarnation: 8 bytes │ sequence
///     14  read reply         incarnation: 8 bytes │ sequence │ index
///     15  quiesce            last entry
///     16  wake request
///     17  heartbeats         from │ to │ how many │ heartbeat … │ how many │ reply …
///     18  chunk              length │ bytes
///     19  wanted chunk       number
///     20  snapshot done
///     21  snapshot failed
///     22  command           from │ to │ incarnation: 8 bytes │ number │ partition │ length │ command
///     23  command answer    from │ to │ incarnation: 8 bytes │ number │ 0, which is unknown │ or
///                           1 applied, 2 condition failed, 3 expired or 4 transaction │ position │ first index │
///                           (2: operation, 4: outcome, see ``TransactionOutcome``)
///     24  command refused   from │ to │ incarnation: 8 bytes │ number │ reason │ (0, not leader: 0, or 1 │ leader)
///     25  request           from │ to │ incarnation: 8 bytes │ number │ partition │ length │ bytes
///     26  response          from │ to │ incarnation: 8 bytes │ number │ length │ bytes
///
///     later field 1 of 22 and 25   the id of the client's request, 1 to 128 bytes of UTF-8
///
///     position (last entry, committed, previous, hint)   term │ index
///     entry             how far its term is above that of the entry before │ length × 4 + kind │ bytes
///                       kind: nothing 0, command 1, configuration 2; the index follows from `previous`
///     heartbeat, reply  partition │ term │ (heartbeat: commit) │ read round
///                       partition: the distance from the one before, n as 2n and -n as 2n - 1
///
/// **Evolution.** A change that older programs may ignore becomes a later field of a message: a number from 1 on, in
/// ascending order, and a string of bytes; what is to be said of each heartbeat becomes a column of that kind. A message
/// that they may ignore becomes a kind of its own: readers pass over kinds that they do not know. Every other change
/// needs a new version of the protocol.
enum MessageKind: UInt8, CaseIterable {
    case preVoteRequest = 1
    case preVoteReply = 2
    case voteRequest = 3
    case voteReply = 4
    case append = 5
    case appended = 6
    case appendRejected = 7
    case heartbeat = 8
    case heartbeatReply = 9
    case staleTerm = 10
    case installSnapshot = 11
    case campaignNow = 12
    case readRequest = 13
    case readReply = 14
    case quiesce = 15
    case wakeRequest = 16
    case heartbeats = 17
    case chunk = 18
    case wantedChunk = 19
    case snapshotDone = 20
    case snapshotFailed = 21
    case command = 22
    case commandAnswer = 23
    case commandRefused = 24
    case request = 25
    case response = 26
}

/// The kinds of an append's entries.
enum EntryKind {
    static let noop: UInt64 = 0
    static let command: UInt64 = 1
    static let configuration: UInt64 = 2
    static let bits: UInt64 = 2
}
