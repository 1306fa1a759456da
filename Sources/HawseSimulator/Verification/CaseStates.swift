import HawseDataplane
import HawseFormats
import HawseModel

/// The texts that real tools would print of a node's present state.
enum CaseStates {
    /// `name` as in expect/, without a snapshot number.
    /// `recorded` is the file, for those that say what was asked.
    static func text(_ name: String, _ dataplane: Dataplane, _ suite: String, recorded: String) throws -> String {
        switch name {
        case "neigh": return NetworkStates.neighbours(dataplane)
        case "fdb": return NetworkStates.learned(dataplane)
        case "routes": return try NetworkStates.routes(dataplane, recorded)
        case "conntrack":
            // The ipvs suites were recorded with use counts.
            return ConntrackPrinter.timelessListing(dataplane.connections(), keepsUses: suite.hasPrefix("ipvs-"))
        case "expectations": return ExpectationPrinter.timelessListing(dataplane.expectations())
        case "ipvs": return IPVSListingPrinter(.stats, exact: true).text(dataplane.ipvsListing())
        case "ipvs-short": return IPVSListingPrinter(.stats).text(dataplane.ipvsListing())
        case "ipvs-rate": return IPVSListingPrinter(.rate).text(dataplane.ipvsListing())
        case "ipvs-tunnels": return IPVSListingPrinter(.tunnels).text(dataplane.ipvsListing())
        case "ipvs-unsorted": return IPVSListingPrinter(.plain, sorted: false).text(dataplane.ipvsListing())
        case "ipvs-save": return IPVSAdmPrinter().saved(dataplane.ipvsListing().spec)
        case "ipvs-list": return IPVSListingPrinter(.plain).text(dataplane.ipvsListing())
        case "ipvs-thresholds": return IPVSListingPrinter(.thresholds).text(dataplane.ipvsListing())
        case "ipvs-persistent-conn": return IPVSListingPrinter(.persistentConnections).text(dataplane.ipvsListing())
        case "ipvs-timers": return IPVSConnectionPrinter().text(dataplane.ipvsListing().connections)
        case "ipvs-engine-conns": return IPVSConnectionPrinter(showsEngine: true).text(dataplane.ipvsListing().connections)
        case "ipvs-timeouts": return dataplane.ipvsListing().timeoutText
        case "ipvs-daemons": return dataplane.ipvsListing().daemonText
        case "ipvs-conns": return IPVSConnectionPrinter(isRecorded: true).text(dataplane.ipvsListing().connections)
        case "iptables.v4": return IPTablesPrinter(counters: true).text(dataplane.ruleSet(.ipv4))
        case "iptables.v6": return IPTablesPrinter(counters: true).text(dataplane.ruleSet(.ipv6))
        case "ipset": return IPSetPrinter().timelessText(dataplane.sets())
        default: throw Unsupported(description: "expect/\(name)")
        }
    }

    /// One line of states.jsonl.
    static func observation(_ dataplane: Dataplane, _ observation: CaseObservation, early: IPVSListing?) -> String {
        let listing = dataplane.ipvsListing()
        let connections = listing.connections.map { connection in
            let line = IPVSConnectionPrinter(isRecorded: true).text([connection]).dropLast()
            return "\(line) expires=\(connection.expiryText)"
        }
        let plain = IPVSListingPrinter(.plain).text(early ?? listing).split(separator: "\n").filter { $0.hasPrefix("  -> ") }
        let servers = plain.dropFirst().map {
            $0.dropFirst(5).split(separator: " ").joined(separator: " ")
        }
        func list(_ lines: [String]) -> String {
            "[" + lines.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
        }
        var members = ["\"after_packet\": \(observation.afterPacket)"]
        if let at = observation.at { members.append("\"at\": \(at)") }
        members.append("\"conns\": " + list(connections.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }))
        members.append("\"dests\": " + list(servers))
        return "{" + members.joined(separator: ", ") + "}"
    }
}
