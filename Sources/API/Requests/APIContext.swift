internal import Hummingbird
internal import Logging
internal import NIOCore

/// The rest of the way, as middleware sees it.
typealias NextResponder = @concurrent (Request, APIContext) async throws -> Response

/// What is known of a request on its way through middleware and route.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The client's address without its port; nil where the connection has none.
    let remoteAddress: String?
    /// Names the request in its answer and in the logs of every node that it touches.
    var requestID = ""
    /// Who is asking, as a verified token says; nil before that was looked at.
    var caller: Caller?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress?.ipAddress
    }
}
