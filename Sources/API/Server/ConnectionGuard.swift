internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes

/// Stands at each connection, between its parser and its requests, and bounds what a client can make it wait for:
///
/// - past the limit of connections, the first request is answered with 503 and the connection ends;
/// - a request must have come whole within a time, however small the pieces in which it comes, or it is answered with
///   408; a head that never ends is cut by the server's idle time;
/// - an answer must be taken: a client that reads nothing for that time is cut off;
/// - once the server is ending, both times are short: a node that is told to end must not wait for its slowest client.
///
/// It also says `100 Continue` to those who wait for it before they send a body, and what is no HTTP gets a problem.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let count: ConnectionCount
    private let patience: TimeAmount
    private let endingPatience: TimeAmount
    /// How long one that is turned away may take to ask, so that it can hear why.
    private let refusalPatience: TimeAmount = .seconds(2)

    private var isCounted = false
    private var isServed = true
    private var isAnswering = false
    private var isEnding = false
    /// Requests whose answer has not ended.
    private var openRequests = 0
    /// What came is no HTTP from some byte on.
    private var isMalformed = false
    private var receiving: Scheduled<Void>?
    private var sending: Scheduled<Void>?
    private var isBodyExpected = false

    init(count: ConnectionCount, patience: TimeAmount, endingPatience: TimeAmount) {
        self.count = count
        self.patience = patience
        self.endingPatience = min(patience, endingPatience)
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
            openRequests += 1
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
        if isServed, isBodyExpected, receiving == nil { awaitRequest(context) }
        context.fireChannelReadComplete()
    }

    private func awaitRequest(_ context: ChannelHandlerContext) {
        receiving?.cancel()
        let (time, refusal) = isEnding ? (endingPatience, Refusal.ending) : (patience, Refusal.slow)
        receiving = schedule(context, in: time) { $0.handler.refuse($0.context, refusal) }
    }

    /// The server takes no more connections, and waits for what is under way on this one.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, !isEnding {
            isEnding = true
            if isServed, isBodyExpected { awaitRequest(context) }
            if sending != nil { awaitReader(context) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError { isMalformed = true }
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head:
            // Whoever answers without a request does so because what came is none, and has nothing to say about it.
            if isMalformed, openRequests == 0 { return writeMalformed(context, promise) }
            isAnswering = true
        case .body: break
        case .end:
            isAnswering = false
            openRequests = max(0, openRequests - 1)
        }
        context.write(data, promise: promise)
    }

    private func writeMalformed(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        context.write(wrapOutboundOut(.head(Refusal.malformed.head)), promise: promise)
        context.write(wrapOutboundOut(.body(Refusal.malformed.body)), promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        sending?.cancel()
        sending = nil
        if !context.channel.isWritable { awaitReader(context) }
        context.fireChannelWritabilityChanged()
    }

    private func awaitReader(_ context: ChannelHandlerContext) {
        sending?.cancel()
        sending = schedule(context, in: isEnding ? endingPatience : patience) { $0.context.close(promise: nil) }
    }

    /// Answers and ends the connection; only ends it where the answer would be taken for that to another request, or for
    /// a part of one that has begun.
    private func refuse(_ context: ChannelHandlerContext, _ refusal: Refusal) {
        if !isAnswering, openRequests == 1 || !isServed {
            context.write(wrapOutboundOut(.head(refusal.head)), promise: nil)
            context.write(wrapOutboundOut(.body(refusal.body)), promise: nil)
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

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
