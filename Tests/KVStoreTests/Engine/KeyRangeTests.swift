import Testing

@testable import KVStore

@Suite("Keys and their order")
struct KeyRangeTests {
    @Test("Keys are ordered byte by byte, unsigned, a prefix first")
    func order() {
        let ascending: [[UInt8]] = [
            [], [0], [0, 0], [0, 255], [1], [127, 255], [128], [255], [255, 0], [255, 255],
        ]
        for (i, a) in ascending.enumerated() {
            for (j, b) in ascending.enumerated() {
                #expect(KeyOrder.compare(a, b).signum() == (i - j).signum(), "\(a) and \(b)")
            }
        }
    }

    @Test("A range holds its lower end and not its upper end")
    func borders() {
        let range = KeyRange([1], [2])
        #expect(range.contains([1]))
        #expect(range.contains([1, 255, 255]))
        #expect(!range.contains([2]))
        #expect(!range.contains([0, 255]))
        #expect(!range.isEmpty)
        #expect(KeyRange([1], [1]).isEmpty)
        #expect(!KeyRange([1], [1]).contains([1]))
    }
}
