import Testing

@testable import API

@Suite struct PasswordTests {
    /// The vectors of RFC 7914, section 12, that fit into the limits.
    @Test func keysAreThoseOfTheSpecification() throws {
        let first = try #require(
            Scrypt.derive(
                Array("password".utf8),
                salt: Array("NaCl".utf8),
                cost: .init(logN: 10, r: 8, p: 16),
                bytes: 64
            )
        )
        #expect(first.prefix(8) == [0xFD, 0xBA, 0xBE, 0x1C, 0x9D, 0x34, 0x72, 0x00])
        #expect(first.suffix(4) == [0xA2, 0xCC, 0x06, 0x40])
        let second = try #require(
            Scrypt.derive(
                Array("pleaseletmein".utf8),
                salt: Array("SodiumChloride".utf8),
                cost: .init(logN: 14, r: 8, p: 1),
                bytes: 64
            )
        )
        #expect(second.prefix(8) == [0x70, 0x23, 0xBD, 0xCB, 0x3A, 0xFD, 0x73, 0x48])
    }

    @Test func hashesMatchTheirPasswordOnly() throws {
        let hash = try #require(PasswordHash.of("secret", cost: TestServer.cost))
        let read = try #require(PasswordHash(hash.text))
        #expect(read == hash)
        #expect(read.matches("secret") == true)
        #expect(read.matches("") == false)
        #expect(PasswordHash.of("secret", cost: TestServer.cost) != hash)
    }

    @Test func theStandardCostIsAffordable() throws {
        let hash = try #require(PasswordHash.of("secret"))
        #expect(hash.text.hasPrefix("$scrypt$ln=17,r=8,p=1$"))
        #expect(hash.matches("secret") == true)
    }

    @Test(arguments: [
        "", "secret", "$scrypt$", "$scrypt$ln=17,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2$ln=17,r=8,p=1$AAAAAAAAAAA$AAAA",
        "$scrypt$ln=30,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=1,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=17,r=8,p=-1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=17,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAB$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ])
    func otherTextsAreNoHashes(text: String) { #expect(PasswordHash(text) == nil) }

    @Test func waitsGrowAndEnd() {
        var backoff = LoginBackoff()
        let source = LoginBackoff.Source(username: "a", address: "b")
        var waits: [Int64] = []
        var now: Int64 = 0
        for _ in 0..<20 {
            backoff.attemptBegins(source, now: now)
            let wait = backoff.wait(source, now: now)
            waits.append(wait)
            now += wait
        }
        #expect(waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512] + [Int64](repeating: 900, count: 6))
        #expect(backoff.wait(.init(username: "a", address: "c"), now: now) == 0)
        now += 3_601
        backoff.attemptBegins(source, now: now)
        #expect(backoff.wait(source, now: now) == 0)
    }

    @Test func sourcesThatAreMadeUpTakeBoundedMemory() {
        var backoff = LoginBackoff()
        for number in 0..<50_000 {
            backoff.attemptBegins(.init(username: "\(number)", address: ""), now: Int64(number / 100))
        }
        #expect(backoff.sources <= 10_000)
    }
}
