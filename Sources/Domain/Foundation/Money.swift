/// An amount of a currency, in whole minor units: 1250 USD is 12.50 dollars, 1250 JPY is 1,250 yen.
public struct Money: Hashable, Sendable, CustomStringConvertible {
    /// Minor units; negative for what is owed.
    public let amount: Int64
    /// What they are units of.
    public let currency: Currency

    /// The greatest amount of one movement, in minor units.
    public static let greatestAmount: Int64 = 1_000_000_000_000_000

    /// Makes an amount.
    public init(_ amount: Int64, _ currency: Currency) {
        self.amount = amount
        self.currency = currency
    }

    /// Nothing of a currency.
    public static func zero(_ currency: Currency) -> Money { Money(0, currency) }

    /// The sum; nil if the currencies differ or the sum does not fit.
    public func adding(_ other: Money) -> Money? {
        guard currency == other.currency else { return nil }
        let (sum, overflows) = amount.addingReportingOverflow(other.amount)
        return overflows ? nil : Money(sum, currency)
    }

    /// Minor units and currency: `1250 USD`.
    public var description: String { "\(amount) \(currency)" }
}

extension RecordWriter {
    /// An amount of money, in one field: the amount as eight bytes, the highest first, then the currency's code.
    public mutating func money(_ field: Int, _ value: Money?) {
        guard let value else { return }
        let amount = UInt64(bitPattern: value.amount)
        let digits = (0..<8).map { UInt8(truncatingIfNeeded: amount >> (56 - 8 * UInt64($0))) }
        bytes(field, digits + Array(value.currency.code.utf8))
    }
}

extension RecordReader {
    /// An amount of money.
    public mutating func money(_ field: Int) throws(RecordError) -> Money {
        guard let money = try money(ifPresent: field) else { throw RecordError("field \(field) is missing") }
        return money
    }

    /// An amount of money, if there is one.
    public mutating func money(ifPresent field: Int) throws(RecordError) -> Money? {
        guard let bytes = try bytes(ifPresent: field) else { return nil }
        guard bytes.count == 11, let currency = Currency(String(decoding: bytes[8...], as: UTF8.self)) else {
            throw RecordError("field \(field) is no amount of money")
        }
        return Money(Int64(bitPattern: bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }), currency)
    }
}
