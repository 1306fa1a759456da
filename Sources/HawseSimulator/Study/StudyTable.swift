import HawseModel
import HawseWire

extension StudyResult {
    /// For people: a block per contender, a line per server, a line per change.
    public var table: String {
        var out = "\(flowCount) connections in \(Self.decimal(Double(duration) / 1e9, 1)) s\n"
        for contender in contenders {
            out += "\n\(contender.label)   imbalance \(Self.decimal(contender.imbalance, 3))"
            out += "   refused \(contender.refused)   dropped packets \(contender.dropped)\n"
            let hasTable = contender.servers.contains { $0.tableShare != nil }
            var rows = [["server", "weight", "connections", "share", "packets", "bytes", "peak active", "peak inactive"]]
            if hasTable { rows[0].append("table") }
            let total = contender.servers.reduce(0) { $0 + $1.connections }
            for server in contender.servers {
                let share = total == 0 ? 0 : Double(server.connections) / Double(total)
                var row = [
                    server.name, "\(server.weight)", "\(server.connections)", Self.percent(share), "\(server.packets)",
                    "\(server.bytes)", "\(server.peakActive)", "\(server.peakInactive)",
                ]
                if hasTable { row.append(Self.percent(server.tableShare ?? 0)) }
                rows.append(row)
            }
            out += Self.columns(rows)
            for change in contender.changes { out += "  " + Self.line(change) + "\n" }
        }
        return out
    }

    private static func line(_ change: Change) -> String {
        var words = [
            "at \(decimal(Double(change.time) / 1e9, 1)) s \(change.label):",
            "\(change.openFlows) open,", "\(change.movedFlows) moved,", "\(change.droppedFlows) dropped,",
            "\(change.movedClients) of \(change.returningClients) returning clients elsewhere,",
            "\(change.refused) refused",
        ]
        if let moved = change.movedSlots, let slots = change.slots { words.append("; \(moved) of \(slots) slots") }
        return words.joined(separator: " ").replacing(" ;", with: ";")
    }

    /// The first column to the left, numbers to the right.
    private static func columns(_ rows: [[String]]) -> String {
        guard let first = rows.first else { return "" }
        let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, text in
                let fill = String(repeating: " ", count: widths[column] - text.count)
                return column == 0 ? text + fill : fill + text
            }
            return "  " + cells.joined(separator: "  ") + "\n"
        }.joined()
    }

    static func percent(_ share: Double) -> String { decimal(share * 100, 1) + "%" }

    /// A number with so many decimals, rounded half up.
    static func decimal(_ value: Double, _ places: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "-" }
        var scale = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        if places == 0 { return "\(sign)\(scaled)" }
        let fraction = String(scaled % scale)
        return "\(sign)\(scaled / scale).\(String(repeating: "0", count: places - fraction.count))\(fraction)"
    }
}
