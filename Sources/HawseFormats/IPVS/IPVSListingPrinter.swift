import HawseModel
import HawseWire

/// Prints what `ipvsadm -L -n` prints, in its columns.
public struct IPVSListingPrinter: Sendable {
    public enum Format: Hashable, Sendable {
        /// Forwarding, weight, active and inactive connections.
        case plain
        /// `--stats`
        case stats
        /// `--rate`
        case rate
        /// `--thresholds`
        case thresholds
        /// `--persistent-conn`
        case persistentConnections
        /// `--tun-info`
        case tunnels
    }

    public var format: Format
    /// `--exact`: large numbers in full.
    public var exact: Bool
    /// Without `--nosort`.
    public var sorted: Bool

    public init(_ format: Format = .plain, exact: Bool = false, sorted: Bool = true) {
        self.format = format
        self.exact = exact
        self.sorted = sorted
    }

    public func text(_ listing: IPVSListing) -> String {
        var out = "IP Virtual Server version 1.2.1 (size=\(listing.tableSize))\n" + title
        let services =
            sorted ? listed(listing.services) { listingOrder($0.service, $1.service) } : listing.services
        for service in services {
            out += line(service) + "\n"
            let servers =
                sorted
                ? listed(service.destinations) { listingOrder($0.destination, $1.destination) }
                : service.destinations
            for server in servers { out += line(server) + "\n" }
        }
        return out
    }

    private var title: String {
        func columns(_ words: [(String, Int)]) -> String {
            words.map { padded($0.0, $0.1) }.joined(separator: " ") + "\n  -> RemoteAddress:Port\n"
        }
        switch format {
        case .plain:
            return "Prot LocalAddress:Port Scheduler Flags\n"
                + "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        case .tunnels:
            return "Prot LocalAddress:Port Scheduler Flags\n"
                + "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n"
        case .stats:
            return columns([
                ("Prot LocalAddress:Port", 33), ("Conns", -8), ("InPkts", -8), ("OutPkts", -8),
                ("InBytes", -8),
                ("OutBytes", -8),
            ])
        case .rate:
            return columns([
                ("Prot LocalAddress:Port", 33), ("CPS", -8), ("InPPS", -8), ("OutPPS", -8), ("InBPS", -8),
                ("OutBPS", -8),
            ])
        case .thresholds:
            return columns([
                ("Prot LocalAddress:Port", 33), ("Uthreshold", 10), ("Lthreshold", 10), ("ActiveConn", 10),
                ("InActConn", 10),
            ])
        case .persistentConnections:
            return columns([
                ("Prot LocalAddress:Port", 33), ("Weight", 9), ("PersistConn", 11), ("ActiveConn", 10),
                ("InActConn", 10),
            ])
        }
    }

    private func line(_ service: IPVSListing.Service) -> String {
        let name = service.service.listedName
        switch format {
        case .stats: return padded(name, 33) + numbers(service.counters)
        case .rate: return padded(name, 33) + numbers(service.rates)
        default: return name + " " + service.service.listedFlags
        }
    }

    private func line(_ server: IPVSListing.Server) -> String {
        let destination = server.destination
        let address = "  -> " + padded(destination.address.description(port: destination.port), 28)
        func number(_ value: some FixedWidthInteger, _ width: Int) -> String { padded("\(value)", width) }
        let active = number(server.activeConnections, 10)
        let inactive = number(server.inactiveConnections, 10)
        switch format {
        case .stats: return address + numbers(server.counters.asDestination)
        case .rate:
            // Only the bytes are shortened, and everything was read as 32 bits.
            let rates = server.rates.asRate
            let counts = [rates.connections, rates.incomingPackets, rates.outgoingPackets]
            return address + counts.map { " " + padded("\($0)", -8) }.joined() + large(rates.incomingBytes)
                + large(rates.outgoingBytes)
        case .plain:
            return
                "\(address) \(padded(destination.listedForwarding, 7)) \(number(destination.weight, 6)) \(active) "
                + inactive
        case .tunnels:
            return
                "\(address) \(padded(destination.listedForwarding, 7)) \(padded(destination.listedTunnel, 13)) "
                + "\(number(destination.weight, 6)) \(active) \(inactive)"
        case .thresholds:
            return
                "\(address) \(number(destination.upperThreshold, 10)) \(number(destination.lowerThreshold, 10)) "
                + "\(active) \(inactive)"
        case .persistentConnections:
            return
                "\(address) \(number(destination.weight, 9)) \(number(server.persistentConnections, 11)) \(active) "
                + inactive
        }
    }

    private func numbers(_ counters: IPVSListing.Counters) -> String {
        [
            counters.connections, counters.incomingPackets, counters.outgoingPackets, counters.incomingBytes,
            counters.outgoingBytes,
        ].map(large).joined()
    }

    /// Nine columns; from 100 million on with a unit unless exact.
    private func large(_ value: UInt64) -> String {
        if exact {
            let digits = String(value)
            return padded(digits, -max(9, digits.utf8.count + 1))
        }
        let units: [(limit: UInt64, divisor: UInt64, name: String)] = [
            (1_000_000_000, 1000, "K"), (100_000_000_000, 1_000_000, "M"),
            (100_000_000_000_000, 1_000_000_000, "G"),
        ]
        if value < 100_000_000 { return padded("\(value)", -9) }
        for unit in units where value < unit.limit {
            return padded("\(value / unit.divisor)", -8) + unit.name
        }
        return padded("\(value / 1_000_000_000_000)", -8) + "T"
    }
}

extension IPVSListing.Counters {
    /// ipvsadm 1.31 reads a destination's numbers as 32 bits, except for the bytes.
    fileprivate var asDestination: Self {
        var read = self
        read.connections &= 0xffff_ffff
        read.incomingPackets &= 0xffff_ffff
        read.outgoingPackets &= 0xffff_ffff
        return read
    }

    fileprivate var asRate: Self {
        var read = asDestination
        read.incomingBytes &= 0xffff_ffff
        read.outgoingBytes &= 0xffff_ffff
        return read
    }
}

/// `text` in at least `width` columns, to the left; to the right when `width` is negative.
func padded(_ text: String, _ width: Int) -> String {
    let fill = String(repeating: " ", count: max(0, abs(width) - text.utf8.count))
    return width < 0 ? fill + text : text + fill
}

extension VirtualService {
    /// `TCP  10.0.0.1:80`, `FWM  5`, `FWM  5 IPv6`.
    var listedName: String {
        switch key {
        // Marks are printed as signed numbers.
        case .mark(let mark, .ipv4): "FWM  \(Int32(bitPattern: mark))"
        case .mark(let mark, .ipv6): "FWM  \(Int32(bitPattern: mark)) IPv6"
        case .address(let ipProtocol, let address, let port):
            "\(padded(protocolName(ipProtocol), 4)) \(address.description(port: port))"
        }
    }

    /// `wrr persistent 60 mask 255.255.255.0`, `sh (sh-port)`, `rr persistent 360 pe sip ops`.
    var listedFlags: String {
        var out = scheduler.rawValue
        if hasSchedulerFlags { out += " (\(schedulerFlagText))" }
        if flags.contains(.persistent) {
            out += " persistent \(persistenceTimeout)"
            if persistenceMask != family.bitCount { out += " mask \(maskText)" }
            if let engine { out += " pe \(engine.rawValue)" }
        }
        if flags.contains(.onePacket) { out += " ops" }
        return out
    }
}

func protocolName(_ ipProtocol: IPProtocol) -> String {
    switch ipProtocol {
    case .tcp: "TCP"
    case .udp: "UDP"
    case .sctp: "SCTP"
    default: "IP"
    }
}

extension Destination {
    var listedForwarding: String {
        switch forwarding {
        case .masquerade: "Masq"
        case .directRoute: "Route"
        case .tunnel: "Tunnel"
        }
    }

    /// `ipip`, `gue:6080:+c`, `gre:-c`; `n/a` for what is no tunnel.
    var listedTunnel: String {
        func name(_ checksum: Tunnel.Checksum) -> String {
            switch checksum {
            case .none: "-c"
            case .full: "+c"
            case .remote: "r+c"
            }
        }
        switch forwarding {
        case .tunnel(.ipip): return "ipip"
        case .tunnel(.gue(let port, let checksum)): return "gue:\(port):\(name(checksum))"
        case .tunnel(.gre(let checksum)): return "gre:\(name(checksum))"
        case .masquerade, .directRoute: return "n/a"
        }
    }
}

extension IPVSListing {
    /// What `ipvsadm -L --timeout` prints.
    public var timeoutText: String {
        "Timeout (tcp tcpfin udp): \(timeouts.tcp) \(timeouts.tcpFin) \(timeouts.udp)\n"
    }

    /// What `ipvsadm -L --daemon` prints: the master first.
    public var daemonText: String {
        daemons.map { daemon in
            "\(daemon.role.rawValue) sync daemon (mcast=\(daemon.interface), syncid=\(daemon.syncID), "
                + "maxlen=\(daemon.maximumLength), group=\(daemon.group), port=\(daemon.port), ttl=\(daemon.ttl))\n"
        }.joined()
    }
}
