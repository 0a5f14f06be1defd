/// Where two texts differ, line by line, for people.
///
/// Equal lines at both ends are left out but for a few; what lies between is shown as removed and added.
public struct LineDifference: CustomStringConvertible {
    private let lines: [String]

    /// True when the texts are equal.
    public var isEmpty: Bool { lines.isEmpty }

    /// Compares what a file says with what should be there.
    public init(expected: String, actual: String, context: Int = 2) {
        let old = expected.split(separator: "\n", omittingEmptySubsequences: false)
        let new = actual.split(separator: "\n", omittingEmptySubsequences: false)
        let difference = new.difference(from: old)
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var marked: [(mark: String, number: Int, text: Substring)] = []
        var position = 0
        var newPosition = 0
        while position < old.count || newPosition < new.count {
            if removed.contains(position) {
                marked.append(("-", position + 1, old[position]))
                position += 1
            } else if inserted.contains(newPosition) {
                marked.append(("+", newPosition + 1, new[newPosition]))
                newPosition += 1
            } else {
                marked.append((" ", position + 1, old[position]))
                position += 1
                newPosition += 1
            }
        }
        lines = marked.indices.filter { index in
            let nearby = max(0, index - context)...min(marked.count - 1, index + context)
            return nearby.contains { marked[$0].mark != " " }
        }
        .map { index in
            let number = String(marked[index].number)
            let padding = String(repeating: " ", count: max(0, 4 - number.count))
            return "\(padding)\(number) \(marked[index].mark) \(marked[index].text)"
        }
    }

    /// One line each: number, mark (`-` expected, `+` actual), text.
    public var description: String { lines.joined(separator: "\n") }
}
