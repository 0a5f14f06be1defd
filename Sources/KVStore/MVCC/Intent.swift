/// What one step of a transaction has in common for everything that it holds.
final class HeldStep: Sendable {
    /// Whom to ask.
    let holder: IntentHolder
    /// Tells the steps of one attempt apart.
    let step: UInt32
    /// The transaction commits above this.
    let floor: Timestamp
    /// And not behind this.
    let deadline: Timestamp

    init(holder: IntentHolder, step: UInt32, floor: Timestamp, deadline: Timestamp) {
        self.holder = holder
        self.step = step
        self.floor = floor
        self.deadline = deadline
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.appendTimestamp(floor)
        bytes.appendTimestamp(deadline)
        bytes.appendTimestamp(holder.expires)
        bytes.appendAge(holder.age)
        bytes.appendString(holder.primary[...])
    }

    convenience init(_ id: TransactionID, _ step: UInt32, from reader: inout FieldReader) throws(FieldError) {
        let floor = try reader.timestamp("floor")
        let deadline = try reader.timestamp("deadline")
        let expires = try reader.timestamp("expires")
        let age = try reader.age()
        let primary = try reader.key("primary")
        let holder = IntentHolder(id: id, age: age, primary: primary, expires: expires)
        self.init(holder: holder, step: step, floor: floor, deadline: deadline)
    }

    /// By transaction, then by step: so every replica finds the same one first.
    static func isOrdered(_ a: HeldStep, _ b: HeldStep) -> Bool { (a.holder.id, a.step) < (b.holder.id, b.step) }
}

/// A key that a transaction holds until its outcome is known:
///
///     escaped key │ id: 16 bytes │ step: 4 bytes  ──▶  floor │ deadline │ expires │ age │ primary │ mode │ 0, or 1 and a change
struct KeyIntent {
    let step: HeldStep
    let key: [UInt8]
    let mode: IntentMode
    let change: TransactionDraft.Change.Kind?

    /// Whom to ask about it.
    var holder: IntentHolder { step.holder }
    /// The transaction commits above this.
    var floor: Timestamp { step.floor }
    /// What is added, if something is.
    var addition: TransactionDraft.Addition? { if case .add(let addition) = change { addition } else { nil } }

    init(_ step: HeldStep, _ use: Footprint.Use) {
        self.step = step
        key = use.key
        mode = use.mode
        change = use.change
    }

    /// Reads a row, whose key comes without the partition's prefix.
    init(key bytes: ArraySlice<UInt8>, row: ArraySlice<UInt8>) throws(FieldError) {
        var reader = FieldReader(bytes.dropFirst())
        key = try reader.escapedKey("intent key", upTo: TransactionLimits.keyBytes)
        let id = TransactionID(try reader.ordered("intent id", as: UInt128.self))
        let number = try reader.ordered("intent step", as: UInt32.self)
        try reader.expectEnd("intent key")
        var fields = FieldReader(row)
        step = try HeldStep(id, number, from: &fields)
        guard let mode = IntentMode(rawValue: try fields.byte("mode")) else {
            throw FieldError("mode", "must be from 1 to 3")
        }
        self.mode = mode
        change = try fields.flag("change") ? try fields.change() : nil
        guard mode.changes == (change != nil) else { throw FieldError("change", "must be there unless it is shared") }
        try fields.skipLaterFields()
    }

    var row: [UInt8] {
        var row: [UInt8] = []
        step.encode(into: &row)
        row.append(mode.rawValue)
        row.append(change == nil ? 0 : 1)
        if let change { row.appendChange(change) }
        return row
    }
}

/// A range in which a transaction lets nobody change anything until its outcome is known:
///
///     escaped lower │ id: 16 bytes │ step: 4 bytes │ escaped upper  ──▶  floor │ deadline │ expires │ age │ primary
struct RangeIntent {
    let step: HeldStep
    let range: KeyRange

    var holder: IntentHolder { step.holder }

    init(_ step: HeldStep, _ range: KeyRange) {
        self.step = step
        self.range = range
    }

    /// Reads a row, whose key comes without the partition's prefix.
    init(key bytes: ArraySlice<UInt8>, row: ArraySlice<UInt8>) throws(FieldError) {
        let limit = TransactionLimits.keyBytes
        var reader = FieldReader(bytes.dropFirst())
        let lower = try reader.escapedKey("range intent lower", upTo: limit)
        let id = TransactionID(try reader.ordered("range intent id", as: UInt128.self))
        let number = try reader.ordered("range intent step", as: UInt32.self)
        let upper = try reader.escapedKey("range intent upper", upTo: limit)
        try reader.expectEnd("range intent key")
        guard KeyOrder.compare(lower, upper) < 0 else { throw FieldError("range intent upper", "must be behind lower") }
        range = KeyRange(lower, upper)
        var fields = FieldReader(row)
        step = try HeldStep(id, number, from: &fields)
        try fields.skipLaterFields()
    }

    var row: [UInt8] {
        var row: [UInt8] = []
        step.encode(into: &row)
        return row
    }

    /// By the lower end, then by the upper one.
    static func isOrdered(_ a: KeyRange, _ b: KeyRange) -> Bool {
        let order = KeyOrder.compare(a.lower, b.lower)
        return order != 0 ? order < 0 : KeyOrder.compare(a.upper, b.upper) < 0
    }

    /// In the order of their rows.
    static func isOrdered(_ a: RangeIntent, _ b: RangeIntent) -> Bool {
        let order = KeyOrder.compare(a.range.lower, b.range.lower)
        if order != 0 { return order < 0 }
        if HeldStep.isOrdered(a.step, b.step) { return true }
        if HeldStep.isOrdered(b.step, a.step) { return false }
        return KeyOrder.compare(a.range.upper, b.range.upper) < 0
    }
}

extension PartitionKeys {
    func intent(_ intent: KeyIntent) -> [UInt8] {
        var bytes = escaped(Space.intents, intent.key)
        bytes.appendOrdered(intent.holder.id.rawValue)
        bytes.appendOrdered(intent.step.step)
        return bytes
    }

    func intent(_ intent: RangeIntent) -> [UInt8] {
        var bytes = escaped(Space.rangeIntents, intent.range.lower)
        bytes.appendOrdered(intent.holder.id.rawValue)
        bytes.appendOrdered(intent.step.step)
        EscapedKey.append(intent.range.upper, to: &bytes)
        EscapedKey.appendTerminator(to: &bytes)
        return bytes
    }
}
