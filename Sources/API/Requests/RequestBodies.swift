internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Reads bodies within two limits: each body's, and what all bodies together may hold in memory.
///
/// Room is reserved before the first byte is read, by what the request announces, or by the limit where it announces
/// nothing; so memory stays bounded however many clients send at once, and those for whom there is no room hear so.
struct RequestBodies: Sendable {
    let budget: MemoryBudget

    /// A body that counts against the budget for as long as it is kept.
    struct Held: Sendable {
        let buffer: ByteBuffer
        let reservation: MemoryBudget.Reservation
    }

    /// The whole body.
    func read(_ request: Request, limitBytes: Int) async throws -> Held {
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        if let announced, announced > limitBytes { throw Problem.bodyTooLarge(limitBytes: limitBytes) }
        guard let reservation = budget.reserve(announced ?? limitBytes) else {
            throw Problem.overloaded("Too many bodies are being received.")
        }
        do {
            return Held(buffer: try await request.body.collect(upTo: limitBytes), reservation: reservation)
        } catch is NIOTooManyBytesError {
            throw Problem.bodyTooLarge(limitBytes: limitBytes)
        }
    }
}
