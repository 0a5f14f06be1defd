internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import KVStore
internal import NIOCore

/// Tells what a request came to: the same each time, but for the header that says so.
enum Conclusions {
    /// Carries out a request, and answers what it came to.
    ///
    /// - Parameter key: Names the request, so that its outcome can be looked up; nil if it has no key.
    /// - Throws: ``Problem``; 504 with where to look where nobody can tell.
    static func answer(
        _ key: RequestKey?,
        location: String,
        _ carryOut: () async throws -> Concluded
    ) async throws -> (response: Response, concluded: Concluded) {
        let concluded: Concluded
        do {
            concluded = try await carryOut()
        } catch let error as DomainError {
            throw Problem(error)
        } catch let error as TransactionError {
            throw Problem(error, location: key.map(OutcomeAddress.path) ?? location)
        }
        switch concluded.conclusion {
        case .answered(let answer): return (response(answer, isReplay: concluded.isReplay), concluded)
        case .refused(let error):
            var problem = Problem(error)
            if concluded.isReplay { problem.headers[.idempotentReplayed] = "true" }
            throw problem
        }
    }

    private static func response(_ answer: RecordedAnswer, isReplay: Bool) -> Response {
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        if let location = answer.location { headers[.location] = location }
        if isReplay { headers[.idempotentReplayed] = "true" }
        return Response(
            status: .init(code: answer.status),
            headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: answer.content))
        )
    }
}

extension RecordedAnswer {
    /// An answer in JSON.
    init(_ json: JSON, status: Int, location: String? = nil) {
        self.init(status: status, content: Array(json.text.readableBytesView), location: location)
    }
}
