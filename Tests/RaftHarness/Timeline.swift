/// The last events of a run, kept only while somebody wants to read them: a failing seed is run again for it.
struct Timeline {
    let isRecording: Bool
    private(set) var lines: [String] = []
    private var step = 0

    init(isRecording: Bool) { self.isRecording = isRecording }

    mutating func beginStep(_ number: Int) { step = number }

    mutating func record(_ line: () -> String) {
        guard isRecording else { return }
        lines.append("\(step): \(line())")
        if lines.count > 100_000 { lines.removeFirst(50_000) }
    }
}
