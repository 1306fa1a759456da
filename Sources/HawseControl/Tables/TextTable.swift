/// Columns as kubectl aligns them: three blanks between, six characters at least, no blanks at a line's end.
struct TextTable {
    var header: [String]
    var rows: [[String]] = []

    func text(headers: Bool = true) -> String {
        var columns = TextColumns(count: header.count)
        return columns.text((headers ? [header] : []) + rows)
    }
}

/// The widths of columns that are printed piece by piece: they grow, and never shrink again (`RememberWidths`).
struct TextColumns {
    private var widths: [Int]

    init(count: Int) { widths = [Int](repeating: 6, count: count) }

    mutating func text(_ lines: [[String]]) -> String {
        for line in lines {
            for (column, cell) in line.enumerated() where column < widths.count {
                widths[column] = max(widths[column], cell.count + 3)
            }
        }
        return lines.map { line -> String in
            var text = ""
            for (column, cell) in line.enumerated() {
                text += cell
                if column + 1 < line.count { text += String(repeating: " ", count: widths[column] - cell.count) }
            }
            return text + "\n"
        }.joined()
    }
}

/// Ages as kubectl shortens them (`duration.HumanDuration`).
enum HumanDuration {
    static func text(seconds: Int64) -> String {
        let (minute, hour, day): (Int64, Int64, Int64) = (60, 3600, 86_400)
        switch seconds {
        case ..<(-1): return "<invalid>"
        case ..<0: return "0s"
        case ..<(2 * minute): return "\(seconds)s"
        case ..<(10 * minute):
            return seconds % minute == 0 ? "\(seconds / minute)m" : "\(seconds / minute)m\(seconds % minute)s"
        case ..<(3 * hour): return "\(seconds / minute)m"
        case ..<(8 * hour):
            let rest = seconds / minute % 60
            return rest == 0 ? "\(seconds / hour)h" : "\(seconds / hour)h\(rest)m"
        case ..<(2 * day): return "\(seconds / hour)h"
        case ..<(8 * day):
            let rest = seconds / hour % 24
            return rest == 0 ? "\(seconds / day)d" : "\(seconds / day)d\(rest)h"
        case ..<(2 * 365 * day): return "\(seconds / day)d"
        case ..<(8 * 365 * day):
            let rest = seconds / day % 365
            return rest == 0 ? "\(seconds / day / 365)y" : "\(seconds / day / 365)y\(rest)d"
        default: return "\(seconds / day / 365)y"
        }
    }

    static func age(of time: Kubernetes.Time?, at now: Kubernetes.Time) -> String {
        guard let time else { return "<unknown>" }
        return text(seconds: now.seconds - time.seconds)
    }
}
