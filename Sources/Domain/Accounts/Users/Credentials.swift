/// How a user proves who he is, and since when his tokens hold.
///
/// **Epochs.** Every access token carries the epoch in which it was issued. A new epoch begins with whatever has to end
/// earlier tokens: a password change, which spares the session in which it was made, and a change of roles, which
/// spares none (the sessions go on; their next tokens carry the new roles).
///
///     floor          epoch
///       │ only kept    │
///     ──┼──────────────┼──────▶     below the floor no token holds; between the two only those of the kept session
struct Credentials: Record {
    /// The password as whoever checks it wants it kept; opaque here.
    var passwordHash: String
    /// Which epoch it is; the first is 1.
    private(set) var epoch: UInt64
    /// The epoch before which no token holds, whatever its session.
    private(set) var floor: UInt64
    /// The session whose tokens hold from the floor on.
    private(set) var keptSession: SessionID?
    var unknownFields = UnknownFields()

    init(passwordHash: String) {
        self.passwordHash = passwordHash
        epoch = 1
        floor = 1
    }

    init(from reader: inout RecordReader) throws(RecordError) {
        passwordHash = try reader.text(1)
        epoch = try reader.number(2)
        floor = try reader.number(3)
        keptSession = try reader.id(ifPresent: 4)
        guard floor <= epoch else { throw RecordError("credentials have a floor above their epoch") }
    }

    func write(to writer: inout RecordWriter) {
        writer.text(1, passwordHash)
        writer.number(2, epoch)
        writer.number(3, floor)
        writer.id(4, keptSession)
    }

    /// Whether a token of a session holds that was issued in an epoch.
    func admits(_ epoch: UInt64, _ session: SessionID) -> Bool {
        epoch >= self.epoch || (epoch >= floor && session == keptSession)
    }

    /// Ends all tokens but those of one session.
    mutating func beginEpoch(keeping session: SessionID?) {
        epoch += 1
        keptSession = session
    }

    /// Ends all tokens.
    mutating func beginEpoch() {
        epoch += 1
        floor = epoch
        keptSession = nil
    }
}
