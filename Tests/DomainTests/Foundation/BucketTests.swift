import Domain
import Testing

@Test(arguments: [(1, 46_545), (2, 26_013), (9_223_372_036_854_775_807, 18_443)] as [(UInt64, UInt16)])
func bucketsOfNumbersNeverChange(_ number: UInt64, _ bucket: UInt16) {
    #expect(Bucket(of: number).rawValue == bucket)
    #expect(Bucket(of: UserID(number)).rawValue == bucket)
}

@Test(arguments: [("", 62_762), ("amelie", 32_055), ("ünïcode", 2_916)] as [(String, UInt16)])
func bucketsOfTextsNeverChange(_ text: String, _ bucket: UInt16) {
    #expect(Bucket(of: text).rawValue == bucket)
}

@Test func neighboursAreSpreadEvenly() {
    // 64 slices of the space, 64,000 ids of one worker in one burst: each slice gets its share, give or take a tenth.
    var counts = [Int](repeating: 0, count: 64)
    for sequence in 0..<64_000 { counts[Int(Bucket(of: UInt64(7) << 40 + UInt64(sequence)).rawValue) / 1_024] += 1 }
    #expect(counts.allSatisfy { (850...1_150).contains($0) })
}
