import Domain
import Testing

@Test(arguments: [
    ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59.999Z", 951_868_799_999),
    ("2026-03-01T12:00:00+01:30", 1_772_361_000_000), ("2026-03-01t12:00:00.5z", 1_772_366_400_500),
    ("2016-12-31T23:59:60Z", 1_483_228_800_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ("2026-03-01T12:00:00.123456789-00:00", 1_772_366_400_123),
])
func momentsAreReadFromTheirText(_ text: String, _ milliseconds: UInt64) {
    #expect(Instant(rfc3339: text)?.milliseconds == milliseconds)
}

@Test(arguments: [
    "", "2026-03-01", "2026-02-29T00:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T12:60:00Z", "2026-03-01T12:00:00",
    "2026-03-01 12:00:00Z", "2026-03-01T12:00:00.Z", "2026-03-01T12:00:00+24:00", "1969-12-31T23:59:59Z",
    "2026-03-01T12:00:00Zx", "2026-13-01T12:00:00Z", "+026-03-01T12:00:00Z", "2026-03-01T12:00:00.1234567890Z",
])
func whatIsNoMomentIsRefused(_ text: String) {
    #expect(Instant(rfc3339: text) == nil)
}

@Test func momentsAreWrittenInOneWay() {
    #expect(Instant(milliseconds: 951_868_799_999).description == "2000-02-29T23:59:59.999Z")
    #expect(Instant(milliseconds: 0).description == "1970-01-01T00:00:00.000Z")
    #expect(Instant(milliseconds: .max).description == "9999-12-31T23:59:59.999Z")
    let moment = Instant(milliseconds: 1_000)
    #expect(moment.advanced(by: .milliseconds(-2_000)) == Instant(milliseconds: 0))
    #expect(moment.advanced(by: .seconds(2)).duration(since: moment) == .seconds(2))
}

@Test func everyDayOfFourHundredYearsIsFoundAgain() throws {
    var expected = try #require(CalendarDate("1899-12-31")).daysSince1970
    for year in 1900..<2300 {
        for month in 1...12 {
            for day in 1...31 {
                guard let date = CalendarDate(year: year, month: month, day: day) else { continue }
                expected += 1
                #expect(date.daysSince1970 == expected)
                if day == 1 { #expect(CalendarDate(date.description) == date) }
            }
        }
    }
    #expect(CalendarDate("2026-2-01") == nil)
    #expect(CalendarDate("2100-02-29") == nil)
    #expect(CalendarDate("0000-01-01") == nil)
}
