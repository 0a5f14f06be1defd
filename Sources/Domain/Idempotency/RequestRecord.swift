/// A request that had an effect, or was refused for good: written in the commit of the effect, so that there never is one
/// without the other.
struct RequestRecord: Record, Hashable {
    /// What the body said.
    let fingerprint: [UInt8]
    /// What it is about; nil where it had no effect.
    let subject: Subject?
    /// How far it is.
    var progress: Progress
    var unknownFields = UnknownFields()

    /// What a request has made.
    enum Subject: Hashable {
        case donation(DonationID)
        case topUp(TransferID)
        case event(EventID)
        case user(UserID)
        case organization(OrganizationID)

        var parts: (kind: UInt64, id: UInt64) {
            switch self {
            case .donation(let id): (1, id.rawValue)
            case .topUp(let id): (2, id.rawValue)
            case .event(let id): (3, id.rawValue)
            case .user(let id): (4, id.rawValue)
            case .organization(let id): (5, id.rawValue)
            }
        }

        init?(kind: UInt64, id: UInt64) {
            switch kind {
            case 1: self = .donation(DonationID(id))
            case 2: self = .topUp(TransferID(id))
            case 3: self = .event(EventID(id))
            case 4: self = .user(UserID(id))
            case 5: self = .organization(OrganizationID(id))
            default: return nil
            }
        }
    }

    enum Progress: Hashable {
        /// A first step is done, others follow.
        case begun
        /// It is over.
        case concluded(Conclusion)
    }

    init(_ fingerprint: [UInt8], _ subject: Subject?, _ progress: Progress) {
        self.fingerprint = fingerprint
        self.subject = subject
        self.progress = progress
    }

    init(from reader: inout RecordReader) throws(RecordError) {
        fingerprint = try reader.bytes(1)
        if let kind = try reader.number(ifPresent: 2) {
            guard let subject = Subject(kind: kind, id: try reader.number(3)) else {
                throw RecordError("a request about something that is not known: \(kind)")
            }
            self.subject = subject
        } else {
            subject = nil
        }
        let status = try reader.number(ifPresent: 4)
        let content = try reader.bytes(ifPresent: 5)
        let location = try reader.text(ifPresent: 6)
        if let refusal = try reader.record(ifPresent: 7, as: RefusalRecord.self) {
            progress = .concluded(.refused(refusal.error))
        } else if let status, let content {
            guard (100...599).contains(status) else { throw RecordError("an answer's status is none") }
            let answer = RecordedAnswer(status: Int(status), content: content, location: location)
            progress = .concluded(.answered(answer))
        } else {
            guard subject != nil else { throw RecordError("a request without an outcome") }
            progress = .begun
        }
    }

    func write(to writer: inout RecordWriter) {
        writer.bytes(1, fingerprint)
        writer.number(2, subject?.parts.kind)
        writer.number(3, subject?.parts.id)
        switch progress {
        case .begun: break
        case .concluded(.answered(let answer)):
            writer.number(4, UInt64(answer.status))
            writer.bytes(5, answer.content)
            writer.text(6, answer.location)
        case .concluded(.refused(let error)): writer.record(7, RefusalRecord(error))
        }
    }
}

/// A refusal, as it is kept. Its kind is a number that is given once.
private struct RefusalRecord: Record {
    let error: DomainError
    var unknownFields = UnknownFields()

    private enum Kind: UInt64 {
        case conflict = 1
        case declined = 2
    }

    init(_ error: DomainError) { self.error = error }

    init(from reader: inout RecordReader) throws(RecordError) {
        let kind = try reader.choice(1, as: Kind.self)
        let code = try reader.text(2)
        let detail = try reader.text(3)
        let possible = try reader.texts(4)
        error = DomainError(kind == .declined ? .declined : .conflict, code, detail, possible: possible)
    }

    func write(to writer: inout RecordWriter) {
        precondition(error.isFinal, "a refusal is kept where it is one of business")
        writer.choice(1, error.kind == .declined ? Kind.declined : .conflict)
        writer.text(2, error.code)
        writer.text(3, error.detail)
        writer.texts(4, error.possible)
    }
}

extension DomainError {
    /// True where the same request would be refused again although nothing is wrong with it: such a refusal is an
    /// outcome, and is kept. Whatever else went wrong, the request was as if it had never been sent.
    var isFinal: Bool { kind == .conflict || kind == .declined }

    /// The key was used for something else.
    public static let keyReused = DomainError(
        .invalid,
        "idempotency-key-reused",
        "The idempotency key was used before, with another body."
    )

    /// Nobody can tell yet what becomes of the same request, which is still on its way elsewhere.
    static let requestInFlight = DomainError(
        .conflict,
        "request-in-flight",
        "The same request is being worked on: send it again in a moment."
    )
}
