internal import Raft

/// Fields that steps of transactions, their outcomes and what partitions keep of them have in common.
extension [UInt8] {
    mutating func appendTimestamp(_ timestamp: Timestamp) { appendFixed(timestamp.rawValue) }

    /// A user's key, of 1 byte at least.
    mutating func appendKey(_ field: String, _ key: [UInt8]) throws(FieldError) {
        try Self.check(field, key)
        appendString(key[...])
    }

    /// An end of a range: it may be empty, or a byte longer than a key.
    mutating func appendBound(_ field: String, _ bound: [UInt8]) throws(FieldError) {
        guard bound.count <= TransactionLimits.keyBytes + 1 else {
            throw FieldError(field, "must be at most \(TransactionLimits.keyBytes + 1) bytes")
        }
        appendString(bound[...])
    }

    mutating func appendAge(_ age: TransactionAge) {
        appendNumber(age.milliseconds)
        appendNumber(age.tieBreak)
    }

    mutating func appendFate(_ fate: TransactionFate) {
        switch fate {
        case .rolledBack: append(0)
        case .committed(let timestamp):
            append(1)
            appendTimestamp(timestamp)
        }
    }

    mutating func appendParticipants(_ participants: [[UInt8]]) throws(FieldError) {
        try Self.check(participants)
        appendNumber(participants.count)
        for key in participants { appendString(key[...]) }
    }

    fileprivate static func check(_ field: String, _ key: [UInt8]) throws(FieldError) {
        guard 1...TransactionLimits.keyBytes ~= key.count else {
            throw FieldError(field, "must be from 1 to \(TransactionLimits.keyBytes) bytes")
        }
    }

    fileprivate static func check(_ participants: [[UInt8]]) throws(FieldError) {
        guard participants.count <= TransactionLimits.operations else {
            throw FieldError("participants", "must be at most \(TransactionLimits.operations)")
        }
        var bytes = 0
        for key in participants {
            try check("participants", key)
            bytes += key.count
        }
        guard bytes <= TransactionLimits.participantBytes else {
            throw FieldError("participants", "must be at most \(TransactionLimits.participantBytes) bytes together")
        }
    }
}

extension TransactionLimits {
    /// The most bytes of the keys that name a transaction's participants, together: a record is a value.
    static let participantBytes = 1 << 20
}

extension FieldReader {
    mutating func timestamp(_ field: String) throws(FieldError) -> Timestamp {
        Timestamp(try fixed(field, as: UInt64.self))
    }

    mutating func transactionID(_ field: String) throws(FieldError) -> TransactionID {
        TransactionID(try fixed(field, as: UInt128.self))
    }

    mutating func key(_ field: String) throws(FieldError) -> [UInt8] {
        let key = Array(try string(field, upTo: TransactionLimits.keyBytes))
        try [UInt8].check(field, key)
        return key
    }

    mutating func bound(_ field: String) throws(FieldError) -> [UInt8] {
        Array(try string(field, upTo: TransactionLimits.keyBytes + 1))
    }

    mutating func age() throws(FieldError) -> TransactionAge {
        let milliseconds = try number("age")
        return TransactionAge(milliseconds: milliseconds, tieBreak: try number("tie break"))
    }

    mutating func fate() throws(FieldError) -> TransactionFate {
        try flag("fate") ? .committed(try timestamp("timestamp")) : .rolledBack
    }

    mutating func participants() throws(FieldError) -> [[UInt8]] {
        let count = try count("participants", upTo: TransactionLimits.operations)
        var participants: [[UInt8]] = []
        participants.reserveCapacity(min(count, remaining / 2))
        for _ in 0..<count { participants.append(try key("participants")) }
        try [UInt8].check(participants)
        return participants
    }
}
