import Raft

/// Carries messages from replica to replica of one group, at once and without loss. Replicas are numbered from 1.
struct Post {
    private var boxes: [[Envelope]]
    private var opened: [Envelope] = []

    init(replicas: Int) { boxes = Array(repeating: [], count: replicas) }

    mutating func send(_ envelopes: [Envelope]) {
        for envelope in envelopes { boxes[Int(envelope.to.rawValue) - 1].append(envelope) }
    }

    /// Hands over everything that has arrived for the replica at `position`. Storage is kept and used again.
    mutating func deliver(to position: Int, _ receive: (Envelope) -> Void) {
        swap(&opened, &boxes[position])
        for envelope in opened { receive(envelope) }
        opened.removeAll(keepingCapacity: true)
    }

    /// True when nothing is on its way.
    var isEmpty: Bool { boxes.allSatisfy(\.isEmpty) }
}
