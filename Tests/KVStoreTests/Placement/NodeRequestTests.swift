import KVStoreSamples
import Raft
import Testing

@testable import KVStore

@Suite("What nodes ask each other themselves")
struct NodeRequestTests {
    private static let requests: [(NodeRequest, [UInt8])] = [
        (.state, [1, 1]), (.handOver(PartitionID(300), to: nil), [1, 2, 0xAC, 2, 0]),
        (.handOver(PartitionID(3), to: NodeID(7)), [1, 2, 3, 1, 7]), (.setDraining(true), [1, 3, 1]),
        (.setDraining(false), [1, 3, 0]),
    ]
    private static let responses: [(NodeResponse, [UInt8])] = [
        (.state(NodeState()), [1, 1, 0]),
        (.state(NodeState(isDraining: true, shedsWrites: false, isEnding: true)), [1, 1, 5]),
        (.state(NodeState(shedsWrites: true, isFull: true)), [1, 1, 10]),
        (.outcome(.done), [1, 2, 0, 0]), (.outcome(.unfinished), [1, 2, 1, 0]),
        (.outcome(.notFound("ab")), [1, 2, 2, 2, 0x61, 0x62]), (.outcome(.refused("a")), [1, 2, 3, 1, 0x61]),
        (.outcome(.noLeader), [1, 2, 4, 0]),
    ]

    @Test func theFormatHasNotChanged() throws {
        for (request, bytes) in Self.requests {
            #expect(request.encoded == bytes)
            #expect(try NodeRequest(encoded: bytes) == request)
            #expect(try NodeRequest(encoded: bytes + [1, 1, 9]) == request)
        }
        for (response, bytes) in Self.responses {
            #expect(response.encoded == bytes)
            #expect(try NodeResponse(encoded: bytes) == response)
            #expect(try NodeResponse(encoded: bytes + [1, 1, 9]) == response)
        }
    }

    @Test func whatIsNoneIsRefused() {
        for (_, bytes) in Self.requests {
            for count in bytes.indices {
                #expect(throws: FieldError.self) { try NodeRequest(encoded: Array(bytes[..<count])) }
            }
            forEachMutation(of: bytes, seed: 1) { bytes in
                guard let read = try? NodeRequest(encoded: bytes) else { return }
                #expect((try? NodeRequest(encoded: read.encoded)) == read)
            }
        }
        for (_, bytes) in Self.responses {
            for count in bytes.indices {
                #expect(throws: FieldError.self) { try NodeResponse(encoded: Array(bytes[..<count])) }
            }
        }
        #expect(field { try NodeRequest(encoded: [2, 1]) } == "request version")
        #expect(field { try NodeRequest(encoded: [1, 9]) } == "kind")
        #expect(field { try NodeResponse(encoded: [1, 2, 9, 0]) } == "outcome")
        let longest = String(repeating: "a", count: 2_000)
        #expect((try? NodeResponse(encoded: NodeResponse.outcome(.refused(longest)).encoded)) != nil)
    }

    @Test func aNodeLeadsUnlessSomethingSpeaksAgainstIt() {
        #expect(NodeState().mayLead)
        #expect(!NodeState(isDraining: true).mayLead)
        #expect(!NodeState(shedsWrites: true).mayLead)
        #expect(!NodeState(isEnding: true).mayLead)
    }
}
