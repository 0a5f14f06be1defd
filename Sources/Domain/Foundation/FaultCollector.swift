/// Gathers everything that is wrong with a request, so that its author learns of it at once.
public struct FaultCollector {
    /// What was found so far.
    public private(set) var faults: [DomainError.Fault] = []

    /// Nothing found yet.
    public init() {}

    /// Notes a fault.
    public mutating func add(_ pointer: String, _ code: String, _ detail: String) {
        faults.append(DomainError.Fault(pointer, code, detail))
    }

    /// Looks whether a text's length is in a range, counted in characters as people see them, and whether it takes no
    /// more than four bytes for each, has no control characters but those allowed, and no blanks at its ends.
    public mutating func check(
        _ pointer: String,
        _ text: String,
        characters: ClosedRange<Int>,
        lines: Bool = false
    ) {
        let count = text.count
        if count < characters.lowerBound {
            return add(pointer, "too-short", "must have at least \(characters.lowerBound) characters")
        }
        if count > characters.upperBound || text.utf8.count > 4 * characters.upperBound {
            return add(pointer, "too-long", "must have at most \(characters.upperBound) characters")
        }
        let isControl = { (scalar: Unicode.Scalar) in
            scalar.properties.generalCategory == .control && !(lines && scalar == "\n")
        }
        if text.unicodeScalars.contains(where: isControl) {
            return add(pointer, "control-character", "must have no control characters")
        }
        if text.first?.isWhitespace == true || text.last?.isWhitespace == true {
            add(pointer, "blank-at-end", "must not begin or end with a blank")
        }
    }

    /// Throws what was found, if anything was.
    public func finish() throws(DomainError) {
        if !faults.isEmpty { throw .invalid(faults) }
    }
}
