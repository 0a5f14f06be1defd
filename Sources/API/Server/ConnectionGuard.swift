internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes

/// Stands at each connection, between its parser and its requests, and bounds what a client can make it wait for:
///
/// - past the limit of connections, the first request is answered with 503 and the connection ends;
/// - a request must have come whole within a time, however small the pieces in which it comes, or it is answered with
///   408; a head that never ends is cut by the server's idle time;
/// - an answer must be taken: a client that reads nothing for that time is cut off.
///
/// It also says `100 Continue` to those who wait for it before they send a body.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let count: ConnectionCount
    private let patience: TimeAmount
    /// How long one that is turned away may take to ask, so that it can hear why.
    private let refusalPatience: TimeAmount = .seconds(2)

    private var isCounted = false
    private var isServed = true
    private var isAnswering = false
    private var receiving: Scheduled<Void>?
    private var sending: Scheduled<Void>?
    private var isBodyExpected = false

    init(count: ConnectionCount, patience: TimeAmount) {
        self.count = count
        self.patience = patience
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    private func begin(_ context: ChannelHandlerContext) {
        guard !isCounted else { return }
        isCounted = true
        isServed = count.enter()
        if !isServed { receiving = schedule(context, in: refusalPatience) { $0.context.close(promise: nil) } }
    }

    private func end() {
        receiving?.cancel()
        sending?.cancel()
        receiving = nil
        sending = nil
        if isCounted {
            isCounted = false
            count.leave()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        guard isServed else {
            if case .head = part { refuse(context, Refusal.connections) }
            return
        }
        switch part {
        case .head(let head):
            isBodyExpected = true
            if head.headerFields[.expect]?.lowercased() == "100-continue" {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body: break
        case .end:
            isBodyExpected = false
            receiving?.cancel()
            receiving = nil
        }
        context.fireChannelRead(data)
    }

    /// Most requests come whole in one read: only for others is a clock started.
    func channelReadComplete(context: ChannelHandlerContext) {
        if isServed, isBodyExpected, receiving == nil {
            receiving = schedule(context, in: patience) { $0.handler.refuse($0.context, Refusal.slow) }
        }
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head: isAnswering = true
        case .body: break
        case .end: isAnswering = false
        }
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        sending?.cancel()
        sending = nil
        if !context.channel.isWritable {
            sending = schedule(context, in: patience) { $0.context.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    /// Answers and ends the connection; only ends it where an answer has already begun.
    private func refuse(_ context: ChannelHandlerContext, _ refusal: Refusal) {
        if !isAnswering {
            let body = refusal.body
            let head = HTTPResponse(
                status: refusal.status,
                headerFields: [
                    .contentType: "application/problem+json", .contentLength: String(body.readableBytes),
                    .connection: "close", .retryAfter: "1",
                ]
            )
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(body)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
        context.close(promise: nil)
    }

    private func schedule(
        _ context: ChannelHandlerContext,
        in time: TimeAmount,
        _ action: @escaping ((handler: ConnectionGuard, context: ChannelHandlerContext)) -> Void
    ) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: time) { action((self, context)) }
    }
}

/// What a connection is told that is ended by its guard.
private struct Refusal {
    let status: HTTPResponse.Status
    let body: ByteBuffer

    init(_ problem: Problem) {
        status = problem.status
        body =
            JSON.object([
                ("type", .string("urn:gala:problem:\(problem.code)")), ("title", .string(problem.title)),
                ("status", .int(problem.status.code)), ("code", .string(problem.code)),
            ]).text
    }

    static let connections = Refusal(.overloaded("Too many connections."))
    static let slow = Refusal(
        Problem(status: .requestTimeout, code: "request-timeout", title: "The request did not come within its time.")
    )
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
