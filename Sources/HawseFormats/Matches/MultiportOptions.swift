import HawseModel
import HawseWire

/// `-m multiport`
struct MultiportOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("source-ports", "sports", inverts: true, excludes: ["destination-ports", "ports"]),
        .init("destination-ports", "dports", inverts: true, excludes: ["source-ports", "ports"]),
        .init("ports", inverts: true, excludes: ["source-ports", "destination-ports"]),
    ]

    var match = MultiportMatch(side: .either, ports: [])

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "source-ports": match.side = .source
        case "destination-ports": match.side = .destination
        default: match.side = .either
        }
        match.inverted = argument.inverted
        var slots = 0
        for item in argument.text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = item.split(separator: ":", omittingEmptySubsequences: false)
            guard ends.count <= 2 else { throw argument.bad("a port list is wanted") }
            slots += ends.count
            guard slots <= 15 else { throw argument.refuse("too many ports specified") }
            if ends.count == 1 {
                match.ports.append(MultiportMatch.Ports(try argument.port(ends[0])))
                continue
            }
            let lower = try argument.port(ends[0])
            let upper = try argument.port(ends[1])
            guard lower < upper else { throw argument.refuse("invalid portrange specified") }
            match.ports.append(MultiportMatch.Ports(lower, upper))
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("source-ports", "destination-ports", "ports", of: "multiport")
        let known: Set<IPProtocol> = [.tcp, .udp, .udplite, .sctp, .dccp]
        guard let ipProtocol = context.ipProtocol, !ipProtocol.inverted, known.contains(ipProtocol.number)
        else {
            throw context.refuse("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'")
        }
        return .multiport(match)
    }
}

extension MultiportMatch {
    func write(to out: inout OptionText) {
        let list = ports.map { $0.isRange ? "\($0.lower):\($0.upper)" : "\($0.lower)" }
        let names: [Side: String] = [.source: "sports", .destination: "dports", .either: "ports"]
        out.option(names[side] ?? "ports", list.joined(separator: ","), inverted: inverted)
    }
}
