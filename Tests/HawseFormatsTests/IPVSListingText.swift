import HawseFormats
import HawseModel
import HawseWire

/// Reads the listings of ipvsadm back into values, so that printing them can be compared with the recording.
struct IPVSListingText {
    var listing = IPVSListing()
    var format = IPVSListingPrinter.Format.plain

    init?(_ text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if line.hasPrefix("IP Virtual Server") {
                listing.tableSize = Int(words.last?.dropFirst(6).dropLast() ?? "") ?? 0
            } else if line.hasPrefix("Prot") {
                format =
                    line.contains("Conns ")
                    ? .stats
                    : line.contains("Uthreshold")
                        ? .thresholds
                        : line.contains("PersistConn") ? .persistentConnections : .plain
            } else if line.hasPrefix("  -> RemoteAddress") {
                continue
            } else if line.hasPrefix("  -> ") {
                guard let server = server(words) else { return nil }
                listing.services[listing.services.count - 1].destinations.append(server)
            } else {
                guard let service = service(words) else { return nil }
                listing.services.append(service)
            }
        }
    }

    private func service(_ words: [String]) -> IPVSListing.Service? {
        // The command that would make this service says the same in other words.
        var options: [String]
        var rest = Array(words.dropFirst(2))
        switch words[0] {
        case "FWM":
            options = ["-f", words[1]]
            if rest.first == "IPv6" {
                options.append("-6")
                rest.removeFirst()
            }
        case "SCTP": options = ["--sctp-service", words[1]]
        default: options = [words[0] == "TCP" ? "-t" : "-u", words[1]]
        }
        var counters = IPVSListing.Counters()
        if format == .stats {
            counters = numbers(rest)
            if words[0] != "FWM", words[1].hasSuffix(":0") { options.append("-p") }
        } else {
            options += ["-s", rest[0]]
            var i = 1
            while i < rest.count {
                switch rest[i] {
                case "persistent": options += ["-p", rest[i + 1]]
                case "mask": options += ["-M", rest[i + 1]]
                case "pe": options += ["--pe", rest[i + 1]]
                case "ops": options.append("-o")
                default: options += ["-b", String(rest[i].dropFirst().dropLast())]
                }
                i += ["persistent", "mask", "pe"].contains(rest[i]) ? 2 : 1
            }
        }
        let line = "-A " + options.joined(separator: " ")
        guard case .addService(let service)? = try? IPVSAdmParser().command(line) else { return nil }
        return IPVSListing.Service(service: service, counters: counters)
    }

    private func server(_ words: [String]) -> IPVSListing.Server? {
        let probe = "-a -f 1\(words[1].hasPrefix("[") ? " -6" : "") -r \(words[1]) -m"
        guard case .addDestination(_, var destination)? = try? IPVSAdmParser().command(probe) else {
            return nil
        }
        let rest = Array(words.dropFirst(2))
        var server = IPVSListing.Server(destination: destination)
        switch format {
        case .stats: server.counters = numbers(rest)
        case .thresholds:
            destination.upperThreshold = UInt32(rest[0]) ?? 0
            destination.lowerThreshold = UInt32(rest[1]) ?? 0
        case .persistentConnections:
            destination.weight = Int32(rest[0]) ?? 0
            server.persistentConnections = Int(rest[1]) ?? 0
        default:
            destination.forwarding =
                rest[0] == "Masq" ? .masquerade : rest[0] == "Tunnel" ? .tunnel(.ipip) : .directRoute
            destination.weight = Int32(rest[1]) ?? 0
        }
        if format != .stats {
            server.activeConnections = Int(rest[2]) ?? 0
            server.inactiveConnections = Int(rest[3]) ?? 0
        }
        server.destination = destination
        return server
    }

    private func numbers(_ words: [String]) -> IPVSListing.Counters {
        let values = words.map { UInt64($0) ?? 0 }
        var counters = IPVSListing.Counters()
        counters.connections = values[0]
        counters.incomingPackets = values[1]
        counters.outgoingPackets = values[2]
        counters.incomingBytes = values[3]
        counters.outgoingBytes = values[4]
        return counters
    }
}
