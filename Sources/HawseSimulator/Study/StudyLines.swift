import HawseControl
import HawseModel
import HawseWire

extension StudyResult {
    /// For programs: one JSON object a line, kinds `contender`, `server`, `change` and `sample`. Times are seconds.
    public var ndjson: String {
        var lines: [String] = []
        for contender in contenders {
            let label = JSONWriter.quoted(contender.label)
            func put(_ kind: String, _ members: [(String, String)]) {
                let all = [("kind", JSONWriter.quoted(kind)), ("scheduler", label)] + members
                lines.append("{" + all.map { "\(JSONWriter.quoted($0.0)):\($0.1)" }.joined(separator: ",") + "}")
            }
            put(
                "contender",
                [
                    ("flows", "\(flowCount)"), ("seconds", Self.decimal(Double(duration) / 1e9, 3)),
                    ("imbalance", Self.decimal(contender.imbalance, 4)), ("refused", "\(contender.refused)"),
                    ("dropped", "\(contender.dropped)"),
                ])
            for server in contender.servers {
                var members = [
                    ("server", JSONWriter.quoted(server.name)), ("weight", "\(server.weight)"),
                    ("connections", "\(server.connections)"), ("expected", Self.decimal(server.expected, 2)),
                    ("packets", "\(server.packets)"),
                    ("bytes", "\(server.bytes)"), ("peakActive", "\(server.peakActive)"),
                    ("peakInactive", "\(server.peakInactive)"),
                ]
                if let share = server.tableShare { members.append(("tableShare", Self.decimal(share, 5))) }
                put("server", members)
            }
            for change in contender.changes { put("change", Self.members(change)) }
            for sample in contender.samples {
                put(
                    "sample",
                    [
                        ("time", Self.decimal(Double(sample.time) / 1e9, 3)), ("active", "\(sample.active)"),
                        ("inactive", "\(sample.inactive)"),
                    ])
            }
        }
        if let first = lines.first { lines[0] = "{\"schema\":\"hawse.study/1\"," + first.dropFirst() }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func members(_ change: Change) -> [(String, String)] {
        var members = [
            ("time", decimal(Double(change.time) / 1e9, 3)), ("change", JSONWriter.quoted(change.label)),
            ("openFlows", "\(change.openFlows)"), ("movedFlows", "\(change.movedFlows)"),
            ("droppedFlows", "\(change.droppedFlows)"), ("returningClients", "\(change.returningClients)"),
            ("movedClients", "\(change.movedClients)"), ("refused", "\(change.refused)"),
        ]
        if let moved = change.movedSlots, let slots = change.slots {
            members += [("movedSlots", "\(moved)"), ("slots", "\(slots)")]
        }
        return members
    }
}
