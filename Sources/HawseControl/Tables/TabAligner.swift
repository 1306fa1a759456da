/// Cells that end in a tab, put into columns as Go's `text/tabwriter` does it for kubectl: a column reaches over the lines
/// in a row that have a cell there, and is two blanks wider than the widest of them.
struct TabAligner {
    private let lines: [[Substring]]
    private var widths: [Int] = []
    private var out = ""
    private static let padding = 2

    static func aligned(_ text: String) -> String {
        var aligner = TabAligner(text)
        aligner.format(0, aligner.lines.count)
        return aligner.out
    }

    private init(_ text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
    }

    private func hasCell(_ line: Int, _ column: Int) -> Bool { column + 1 < lines[line].count }

    private mutating func format(_ from: Int, _ to: Int) {
        let column = widths.count
        var start = from
        var at = from
        while at < to {
            if hasCell(at, column) {
                write(start, at)
                start = at
                var width = 0
                while at < to, hasCell(at, column) {
                    width = max(width, lines[at][column].unicodeScalars.count + Self.padding)
                    at += 1
                }
                widths.append(width)
                format(start, at)
                widths.removeLast()
                start = at
            }
            at += 1
        }
        write(start, to)
    }

    private mutating func write(_ from: Int, _ to: Int) {
        for number in from..<max(from, to) {
            for (column, cell) in lines[number].enumerated() {
                out += cell
                guard column < widths.count else { continue }
                out += String(repeating: " ", count: max(0, widths[column] - cell.unicodeScalars.count))
            }
            if number + 1 < lines.count { out += "\n" }
        }
    }
}
