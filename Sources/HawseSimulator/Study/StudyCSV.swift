extension StudyResult {
    /// For spreadsheets: who got how much, a line a contender and server.
    public var csv: String {
        let head = "scheduler,server,weight,connections,expected,packets,bytes,peak_active,peak_inactive,imbalance,refused,dropped"
        let rows = contenders.flatMap { contender in
            contender.servers.map { server in
                [
                    Self.field(contender.label), Self.field(server.name), "\(server.weight)", "\(server.connections)",
                    Self.decimal(server.expected, 2), "\(server.packets)", "\(server.bytes)", "\(server.peakActive)",
                    "\(server.peakInactive)", Self.decimal(contender.imbalance, 4), "\(contender.refused)", "\(contender.dropped)",
                ].joined(separator: ",")
            }
        }
        return ([head] + rows).map { $0 + "\n" }.joined()
    }

    /// Connections over time, a line a contender, moment and server.
    public var series: String {
        var lines = ["scheduler,seconds,server,active,inactive"]
        for contender in contenders {
            for sample in contender.samples {
                for (index, server) in contender.servers.enumerated() where index < sample.active.count {
                    lines.append(
                        "\(Self.field(contender.label)),\(Self.decimal(Double(sample.time) / 1e9, 3)),\(Self.field(server.name)),"
                            + "\(sample.active[index]),\(sample.inactive[index])")
                }
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// Quoted where RFC 4180 asks for it.
    private static func field(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
