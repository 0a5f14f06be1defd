/// A currency of ISO 4217, list one, in which people pay: without metals, testing codes and units of account.
public struct Currency: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// Three capital letters.
    public let code: String
    /// How many decimal digits a minor unit has: 2 for USD, 0 for JPY, 3 for KWD.
    public var exponent: Int { Self.exponents[code] ?? 2 }

    /// A currency by its code, spelt exactly as the standard does; nil if there is none of it.
    ///
    /// Swift takes texts for equal that Unicode calls equivalent: U+212A, the sign for Kelvin, for a `K`. As a code it
    /// would be found, and kept with bytes that no record of money has room for.
    public init?(_ code: String) {
        guard code.utf8.count == 3, code.utf8.allSatisfy({ UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 }) else {
            return nil
        }
        guard Self.exponents[code] != nil || Self.withTwoDigits.contains(code) else { return nil }
        self.code = code
    }

    /// The code.
    public var description: String { code }

    /// By code.
    public static func < (a: Currency, b: Currency) -> Bool { a.code < b.code }

    /// Those that have not two digits.
    private static let exponents: [String: Int] = {
        let none = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
        let three = "BHD IQD JOD KWD LYD OMR TND"
        var exponents: [String: Int] = [:]
        for code in none.split(separator: " ") { exponents[String(code)] = 0 }
        for code in three.split(separator: " ") { exponents[String(code)] = 3 }
        return exponents
    }()

    private static let withTwoDigits: Set<String> = {
        let codes = """
            AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP \
            CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS \
            INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN \
            MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE \
            SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR \
            ZMW ZWG
            """
        return Set(codes.split(separator: " ").map { String($0) })
    }()
}
