import DequeModule

/// Appends that were sent to one follower and not acknowledged yet, bounded in number and in payload bytes.
struct InflightWindow: Hashable {
    private struct Message: Hashable {
        let last: LogIndex
        let bytes: Int
    }

    private var messages: Deque<Message> = []
    private var bytes = 0

    func isFull(_ options: RaftOptions) -> Bool {
        messages.count >= options.maxInflightMessages || bytes >= options.maxInflightBytes
    }

    mutating func add(through last: LogIndex, bytes size: Int) {
        messages.append(Message(last: last, bytes: size))
        bytes += size
    }

    /// Everything up to `index` was acknowledged.
    mutating func free(through index: LogIndex) {
        while let first = messages.first, first.last <= index {
            bytes -= first.bytes
            messages.removeFirst()
        }
    }

    mutating func removeAll() {
        messages.removeAll()
        bytes = 0
    }
}
