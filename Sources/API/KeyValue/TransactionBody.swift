internal import Hummingbird
internal import KVStore
internal import NIOCore

/// What `POST /v1/kv/transactions` takes:
///
///     {"id"?: "…", "reads"?: ["k"],
///      "checks"?: [{"key", "exists": true | false} | {"key", "version": "…"}],
///      "writes"?: [{"key", "value": base64, "insert"?: true} | {"key", "delete": true}],
///      "adds"?:   [{"key", "delta", "floor"?, "ceiling"?}],
///      "deadlineMs"?: 5000}
struct TransactionBody {
    let id: String?
    let reads: [[UInt8]]
    let checks: [TransactionDraft.Check]
    let changes: [TransactionDraft.Change]
    let patience: Duration
    /// What the body says: another body under the same id is another request.
    let digest: [UInt8]

    private static let idBytes = 1...64
    /// The most that one may ask for. The record of an id, if there is one, comes on top.
    private static let operations = TransactionLimits.operations - 1
    private static let milliseconds: ClosedRange<Int64> = 1...60_000

    init(_ request: Request, _ body: ByteBuffer) throws(Problem) {
        try BodyMembers.checkMediaType(request)
        let parsed = try JSONParser.parse(body)
        var members = try BodyMembers(parsed, at: [])
        id = try Self.id(&members)
        var places = Places()
        reads = try Self.reads(&members, &places)
        checks = try Self.elements("checks", &members, &places) { element, _ throws(Problem) in
            TransactionDraft.Check(key: try Self.key(&element), try Self.condition(&element))
        }
        let writes = try Self.elements("writes", &members, &places) { element, places throws(Problem) in
            TransactionDraft.Change(key: try Self.changed(&element, &places), try Self.write(&element))
        }
        let adds = try Self.elements("adds", &members, &places) { element, places throws(Problem) in
            TransactionDraft.Change(key: try Self.changed(&element, &places), .add(try Self.addition(&element)))
        }
        changes = writes + adds
        let deadline = try members.optionalInteger("deadlineMs") ?? 5_000
        guard Self.milliseconds.contains(deadline) else {
            throw .invalid(
                pointer: members.pointer("deadlineMs"),
                "must be from \(Self.milliseconds.lowerBound) to \(Self.milliseconds.upperBound)"
            )
        }
        patience = .milliseconds(deadline)
        try members.end()
        digest = BodyDigest.of(parsed)
        try checkLimits()
    }

    private func checkLimits() throws(Problem) {
        guard !(reads.isEmpty && checks.isEmpty && changes.isEmpty) else {
            throw .invalid(pointer: "", "must ask for something: reads, checks, writes or adds")
        }
        var draft = TransactionDraft(checks: checks, changes: changes)
        if !reads.isEmpty { (draft.start, draft.reads) = (.zero, reads) }
        do throws(FieldError) { try draft.validate() } catch { throw .invalid(pointer: "", "\(error)") }
    }

    /// What all lists have together.
    private struct Places {
        var operations = 0
        var changed: Set<[UInt8]> = []

        /// Counts the operations of a list.
        mutating func count(_ operations: Int, at pointer: String) throws(Problem) {
            self.operations += operations
            guard self.operations <= TransactionBody.operations else {
                let most = TransactionBody.operations
                throw .invalid(pointer: pointer, "must be at most \(most) operations with all others")
            }
        }
    }

    // MARK: Members

    private static func id(_ members: inout BodyMembers) throws(Problem) -> String? {
        guard let id = try members.optionalString("id", bytes: idBytes) else { return nil }
        let isPlain = id.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isPlain else { throw .invalid(pointer: members.pointer("id"), "must be of A–Z, a–z, 0–9, _ and -") }
        return id
    }

    private static func reads(_ members: inout BodyMembers, _ places: inout Places) throws(Problem) -> [[UInt8]] {
        guard let values = try members.optionalArray("reads") else { return [] }
        var keys: [[UInt8]] = []
        try places.count(values.count, at: members.pointer("reads"))
        for (place, value) in values.enumerated() {
            let pointer = members.pointer("reads") + "/\(place)"
            guard case .string(let text) = value else { throw .invalid(pointer: pointer, "must be a string") }
            keys.append(try stored(text, pointer))
        }
        return keys
    }

    private static func elements<Element>(
        _ name: String,
        _ members: inout BodyMembers,
        _ places: inout Places,
        _ read: (inout BodyMembers, inout Places) throws(Problem) -> Element
    ) throws(Problem) -> [Element] {
        guard let values = try members.optionalArray(name) else { return [] }
        var elements: [Element] = []
        try places.count(values.count, at: members.pointer(name))
        for (place, value) in values.enumerated() {
            var element = try members.element(value, of: name, at: place)
            elements.append(try read(&element, &places))
            try element.end()
        }
        return elements
    }

    private static func key(_ element: inout BodyMembers) throws(Problem) -> [UInt8] {
        guard case .string(let text) = try element.required("key") else {
            throw .invalid(pointer: element.pointer("key"), "must be a string")
        }
        return try stored(text, element.pointer("key"))
    }

    /// A key that is changed, which can be done once.
    private static func changed(_ element: inout BodyMembers, _ places: inout Places) throws(Problem) -> [UInt8] {
        let key = try key(&element)
        guard places.changed.insert(key).inserted else {
            throw .invalid(pointer: element.pointer("key"), "must be changed once")
        }
        return key
    }

    private static func stored(_ text: String, _ pointer: String) throws(Problem) -> [UInt8] {
        let key = Array(text.utf8)
        guard 1...KeyValueLimits.keyBytes ~= key.count else {
            throw .invalid(pointer: pointer, "must be from 1 to \(KeyValueLimits.keyBytes) bytes")
        }
        return OperatorKeys.stored(key)
    }

    private static func condition(_ element: inout BodyMembers) throws(Problem) -> TransactionDraft.Condition {
        let version = element.optional("version")
        if let exists = try element.optionalFlag("exists") {
            guard version == nil else {
                throw .invalid(pointer: element.pointer("version"), "must not be given together with exists")
            }
            return exists ? .exists : .isAbsent
        }
        guard case .string(let text)? = version else {
            throw .invalid(pointer: element.pointer("version"), "must be a string, where exists is not given")
        }
        guard let number = UInt64(text), String(number) == text else {
            throw .invalid(pointer: element.pointer("version"), "must be a version that this store has given")
        }
        return .hasVersion(Timestamp(number))
    }

    private static func write(_ element: inout BodyMembers) throws(Problem) -> TransactionDraft.Change.Kind {
        if let isDeletion = try element.optionalFlag("delete") {
            guard isDeletion else {
                throw .invalid(pointer: element.pointer("delete"), "must be true, or not be given")
            }
            for name in ["value", "insert"] {
                guard element.optional(name) == nil else {
                    throw .invalid(pointer: element.pointer(name), "must not be given together with delete")
                }
            }
            return .delete
        }
        guard case .string(let text)? = element.optional("value") else {
            throw .invalid(pointer: element.pointer("value"), "must be a string in base64")
        }
        guard let value = Base64.decodePadded(text) else {
            throw .invalid(pointer: element.pointer("value"), "must be base64 with padding")
        }
        guard value.count <= KeyValueLimits.valueBytes else {
            throw .invalid(pointer: element.pointer("value"), "must be at most \(KeyValueLimits.valueBytes) bytes")
        }
        return try element.flag("insert") ? .insert(value) : .put(value)
    }

    private static func addition(_ element: inout BodyMembers) throws(Problem) -> TransactionDraft.Addition {
        guard let delta = try number("delta", &element) else {
            throw .invalid(pointer: element.pointer("delta"), "must be there")
        }
        let floor = try number("floor", &element)
        let ceiling = try number("ceiling", &element)
        if let floor, let ceiling, floor > ceiling {
            throw .invalid(pointer: element.pointer("floor"), "must not be above ceiling")
        }
        return TransactionDraft.Addition(delta, floor: floor, ceiling: ceiling)
    }

    /// A whole number, or its decimal text: 64 bits are more than some programs' numbers hold.
    private static func number(_ name: String, _ element: inout BodyMembers) throws(Problem) -> Int64? {
        switch element.optional(name) {
        case nil: return nil
        case .integer(let number)?: return number
        case .string(let text)?:
            if let number = Int64(text) { return number }
        default: break
        }
        throw .invalid(pointer: element.pointer(name), "must be a whole number of 64 bits, or its decimal text")
    }
}
