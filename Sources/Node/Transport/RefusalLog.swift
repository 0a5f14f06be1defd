internal import Logging
internal import NIOCore

/// Logs what strangers bring about, so much of it that they cannot fill a disk: a number of lines a minute, and then how
/// many were left out. Confined to one event loop.
struct RefusalLog {
    private let logger: Logger
    private let linesPerMinute: Int
    private var minuteEnd = NIODeadline.uptimeNanoseconds(0)
    private var lines = 0
    private var leftOut = 0

    init(_ logger: Logger, linesPerMinute: Int) {
        self.logger = logger
        self.linesPerMinute = linesPerMinute
    }

    mutating func note(_ message: @autoclosure () -> Logger.Message, metadata: @autoclosure () -> Logger.Metadata) {
        let now = NIODeadline.now()
        if now >= minuteEnd {
            if leftOut > 0 { logger.warning("\(leftOut) more connections were refused") }
            minuteEnd = now + .minutes(1)
            (lines, leftOut) = (0, 0)
        }
        guard lines < linesPerMinute else {
            leftOut += 1
            return
        }
        lines += 1
        logger.warning(message(), metadata: metadata())
    }
}
