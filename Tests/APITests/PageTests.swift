import FoundationEssentials
import HTTPTypes
import Testing

@testable import API

@Suite struct PageTests {
    @Test func pagesFollowEachOther() async throws {
        let server = try await TestServer()
        for number in 0..<25 { server.store.set(Array("k/\(number)".utf8), [UInt8(number)]) }
        server.store.set(Array("other".utf8), [1])
        try await server.test { client async throws in
            var keys: [String] = []
            var cursor: String? = ""
            var pages = 0
            while let known = cursor {
                let suffix = known.isEmpty ? "" : "&cursor=\(known)"
                let page = try await client.send(.get, "/v1/kv?prefix=k/&limit=10\(suffix)").json
                keys += page["items"].array?.compactMap { $0["key"].string } ?? []
                cursor = page["nextCursor"].string
                pages += 1
            }
            #expect(pages == 3)
            #expect(keys == (0..<25).map { "k/\($0)" }.sorted())
        }
    }

    @Test func itemsTellKeyValueAndVersion() async throws {
        let server = try await TestServer()
        server.store.set(Array("ä\"\\\n".utf8), [0, 255, 16])
        server.store.set([0xFF, 0x00], [])
        try await server.test { client async throws in
            let answer = try await client.send(.get, "/v1/kv")
            #expect(answer.status == 200)
            #expect(answer.headers[.contentType] == "application/json")
            let items = try #require(answer.json["items"].array)
            #expect(items.count == 2)
            #expect(items[0]["key"] == .string("ä\"\\\n"))
            #expect(items[0]["value"] == .string(Data([0, 255, 16]).base64EncodedString()))
            #expect(items[0]["version"] == .string("1"))
            #expect(items[1]["key"] == .null)
            #expect(items[1]["keyBase64"] == .string("/wA="))
            #expect(items[1]["value"] == .string(""))
            #expect(answer.json.object?["nextCursor"] == .null)
        }
    }

    @Test func prefixesMayBeAnyBytes() async throws {
        let server = try await TestServer()
        server.store.set([0xFF, 0x20, 1], [1])
        server.store.set([0xFE], [1])
        try await server.test { client async throws in
            let page = try await client.send(.get, "/v1/kv?prefix=%FF+").json
            #expect(page["items"].array?.count == 1)
        }
    }

    private static let parameters: [(query: String, parameter: String?)] = [
        ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=-1", "limit"), ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=1&limit=2", "limit"), ("limit=99999999999999999999", "limit"), ("cursor=", "cursor"),
        ("cursor=!!", "cursor"), ("cursor=AgAAAAAAAAAA", nil), ("cursor=Am", "cursor"),
        ("prefix=b&cursor=AWE", "cursor"),
        ("cursor=%FF", "cursor"), ("prefix=a&prefix=b", "prefix"),
    ]

    @Test(arguments: parameters)
    func wrongParametersAreNamed(query: String, parameter: String?) async throws {
        try await TestServer().test { client async throws in
            let answer = try await client.send(.get, "/v1/kv?\(query)")
            #expect(answer.status == (parameter == nil ? 200 : 422))
            #expect(answer.json["errors"].array?.first?["parameter"].string == parameter)
        }
    }
}
