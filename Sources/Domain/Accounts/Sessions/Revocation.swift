/// Something that ends access tokens before they expire by themselves.
public struct Revocation: Record, Hashable {
    /// Whose tokens.
    public let user: UserID
    /// Which of them.
    public let scope: Scope
    /// Fields of a newer program.
    public var unknownFields = UnknownFields()

    /// Which tokens of a user end.
    public enum Scope: Hashable, Sendable {
        /// Those of one session.
        case session(SessionID)
        /// Those of earlier epochs: all below the floor, and from there on all but those of the kept session.
        case epoch(UInt64, floor: UInt64, kept: SessionID?)
    }

    static func session(_ session: SessionID, of user: UserID) -> Revocation {
        Revocation(user: user, scope: .session(session))
    }

    static func epoch(of user: UserID, _ credentials: Credentials) -> Revocation {
        Revocation(
            user: user,
            scope: .epoch(credentials.epoch, floor: credentials.floor, kept: credentials.keptSession)
        )
    }

    private init(user: UserID, scope: Scope) {
        self.user = user
        self.scope = scope
    }

    /// Reads it.
    public init(from reader: inout RecordReader) throws(RecordError) {
        user = try reader.id(1)
        if let session = try reader.id(ifPresent: 2, as: SessionID.self) {
            scope = .session(session)
            return
        }
        let epoch = try reader.number(3)
        scope = .epoch(epoch, floor: try reader.number(4), kept: try reader.id(ifPresent: 5))
    }

    /// Writes it.
    public func write(to writer: inout RecordWriter) {
        writer.id(1, user)
        switch scope {
        case .session(let session): writer.id(2, session)
        case .epoch(let epoch, let floor, let kept):
            writer.number(3, epoch)
            writer.number(4, floor)
            writer.id(5, kept)
        }
    }
}
