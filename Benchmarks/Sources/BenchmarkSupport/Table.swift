/// Rows of text under titles, aligned to the right.
public struct Table {
    private var rows: [[String]]

    /// A table without rows.
    public init(_ titles: [String]) { rows = [titles] }

    /// Adds a row of as many cells as there are titles.
    public mutating func add(_ cells: [String]) { rows.append(cells) }

    /// The whole table.
    public var text: String {
        let widths = rows[0].indices.map { column in rows.reduce(0) { max($0, $1[column].count) } }
        return rows.map { cells in
            zip(cells, widths)
                .map { cell, width in String(repeating: " ", count: width - cell.count) + cell }
                .joined(separator: "  ")
        }
        .joined(separator: "\n")
    }
}
