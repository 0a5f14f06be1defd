import Domain
import Testing

@Test func currenciesHaveTheirOwnMinorUnits() throws {
    #expect(try #require(Currency("USD")).exponent == 2)
    #expect(try #require(Currency("JPY")).exponent == 0)
    #expect(try #require(Currency("KWD")).exponent == 3)
    for none in ["", "usd", "XXX", "XTS", "XAU", "USN", "US", "USDX", "ZZZ"] { #expect(Currency(none) == nil) }
}

@Test(arguments: ["SE\u{212A}", "DK\u{212A}", "\u{212A}WD", "US\u{FF24}", "EUR\u{200B}", "E\u{0421}R"])
func aCodeThatOnlyLooksLikeOneIsNone(code: String) { #expect(Currency(code) == nil) }

@Test func sumsAreExactOrNothing() throws {
    let dollars = try #require(Currency("USD"))
    let yen = try #require(Currency("JPY"))
    #expect(Money(1, dollars).adding(Money(2, dollars)) == Money(3, dollars))
    #expect(Money(1, dollars).adding(Money(2, yen)) == nil)
    #expect(Money(.max, dollars).adding(Money(1, dollars)) == nil)
}
