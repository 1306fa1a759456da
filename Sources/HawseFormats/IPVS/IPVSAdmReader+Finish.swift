import HawseModel
import HawseWire

extension IPVSAdmOption {
    var isCommand: Bool { meaning.group == .command }
}

extension IPVSAdmOption.Meaning {
    enum Group {
        case command, service, serviceOption, server, forwarding, serverOption, tunnel, daemon, display, other
    }

    var group: Group {
        switch self {
        case .addService, .editService, .deleteService, .clear, .list, .addServer, .deleteServer, .editServer,
            .zero,
            .restore, .save, .setTimeouts, .startDaemon, .stopDaemon:
            .command
        case .tcp, .udp, .sctp, .mark: .service
        case .scheduler, .engine, .persistent, .netmask, .onePacket, .schedulerFlags: .serviceOption
        case .server: .server
        case .masquerade, .direct, .tunnel: .forwarding
        case .weight, .upper, .lower: .serverOption
        case .tunnelType, .tunnelPort, .noChecksum, .checksum, .remoteChecksum: .tunnel
        case .multicastInterface, .syncID, .multicastGroup, .multicastPort, .multicastTTL, .maximumLength:
            .daemon
        case .display: .display
        case .ipv6: .other
        }
    }

    /// As ipvsadm calls it in its messages.
    var optionName: String {
        switch self {
        case .tcp, .udp, .sctp, .mark: "service-address"
        case .masquerade, .direct, .tunnel: "forwarding-method"
        case .scheduler: "scheduler"
        case .engine: "pe"
        case .persistent: "persistent"
        case .netmask: "netmask"
        case .onePacket: "ops"
        case .schedulerFlags: "sched-flags"
        case .server: "real-server"
        case .weight: "weight"
        case .upper: "u-threshold"
        case .lower: "l-threshold"
        case .tunnelType: "tun-type"
        case .tunnelPort: "tun-port"
        case .noChecksum: "tun-nocsum"
        case .checksum: "tun-csum"
        case .remoteChecksum: "tun-remcsum"
        case .multicastInterface: "mcast-interface"
        case .syncID: "syncid"
        case .multicastGroup: "mcast-group"
        case .multicastPort: "mcast-port"
        case .multicastTTL: "mcast-ttl"
        case .maximumLength: "sync-maxlen"
        default: "numeric"
        }
    }
}

extension IPVSAdmReader {
    mutating func finish() throws(FormatError) -> IPVSCommand {
        guard let action else { throw FormatError(location, "one command must be specified") }
        try checkOptions(action)
        switch action.meaning {
        case .addService: return .addService(try virtualService())
        case .editService: return .editService(try virtualService())
        case .deleteService: return .deleteService(try key())
        case .addServer: return .addDestination(try key(), try destination())
        case .editServer: return .editDestination(try key(), try destination())
        case .deleteServer:
            let (address, port) = try serverAddress()
            return .deleteDestination(try key(), address: address, port: port)
        case .clear: return .flush
        case .zero: return .zero(hasService ? try key() : nil)
        case .setTimeouts: return .setTimeouts(timeouts ?? IPVSSpec.Timeouts(tcp: 0, tcpFin: 0, udp: 0))
        case .startDaemon:
            daemon.role = daemonRole ?? .master
            return .startDaemon(daemon)
        case .stopDaemon: return .stopDaemon(daemonRole ?? .master)
        default: throw FormatError(location, "--\(action.name) changes nothing and is not understood here")
        }
    }

    private var hasService: Bool { given.keys.contains { $0.group == .service } }

    private func checkOptions(_ action: IPVSAdmOption) throws(FormatError) {
        var allowed: Set<IPVSAdmOption.Meaning.Group> = [.other, .display]
        var needsService = false
        var needsServer = false
        switch action.meaning {
        case .addService, .editService:
            allowed.formUnion([.service, .serviceOption])
            needsService = true
        case .deleteService:
            allowed.insert(.service)
            needsService = true
        case .addServer, .editServer:
            allowed.formUnion([.service, .server, .forwarding, .serverOption, .tunnel])
            needsService = true
            needsServer = true
        case .deleteServer:
            allowed.formUnion([.service, .server])
            needsService = true
            needsServer = true
        case .zero: allowed.insert(.service)
        case .startDaemon, .stopDaemon: allowed.insert(.daemon)
        default: break
        }
        let ordered = given.sorted { $0.value.column < $1.value.column }
        for (meaning, place) in ordered where !allowed.contains(meaning.group) {
            throw FormatError(
                place, "Illegal '\(meaning.optionName)' option with the '\(action.name)' command")
        }
        if needsService, !hasService {
            throw FormatError(
                location, "You need to supply the 'service-address' option for the '\(action.name)' command")
        }
        if needsServer, server == nil {
            throw FormatError(
                location, "You need to supply the 'real-server' option for the '\(action.name)' command")
        }
    }

    private func key() throws(FormatError) -> VirtualService.Key {
        if let mark { return .mark(mark, family: given[.ipv6] == nil ? .ipv4 : .ipv6) }
        guard let ipProtocol = serviceProtocol, let address else {
            throw FormatError(location, "illegal virtual server address[:port] specified")
        }
        return .address(ipProtocol: ipProtocol, address: address.address, port: address.port)
    }

    private func virtualService() throws(FormatError) -> VirtualService {
        var service = VirtualService(key: try key(), scheduler: scheduler)
        if let persistence {
            service.flags.insert(.persistent)
            service.persistenceTimeout = persistence
        }
        if let netmask { service.persistenceMask = try maskLength(netmask, family: service.family) }
        if let place = given[.onePacket] {
            guard serviceProtocol == .udp || mark != nil else {
                throw FormatError(place, "One-Packet Scheduling is only for UDP virtual services")
            }
            service.flags.insert(.onePacket)
        }
        if mark == nil, address?.port == 0, persistence == nil {
            throw FormatError(location, "Zero port specified for non-persistent service")
        }
        for word in flagWords { service.flags.formUnion(try schedulerFlags(word)) }
        return service
    }

    private func maskLength(_ token: Token, family: AddressFamily) throws(FormatError) -> Int {
        if family == .ipv6 {
            guard let length = parseDecimal(token.text, max: 128), length >= 1 else {
                throw FormatError(place(token), "illegal ipv6 netmask specified")
            }
            return Int(length)
        }
        guard let mask = IPAddress(token.text), mask.family == .ipv4,
            let length = mask.bits.prefixLength(family: .ipv4)
        else { throw FormatError(place(token), "illegal virtual server persistent mask specified") }
        return length
    }

    private func schedulerFlags(_ token: Token) throws(FormatError) -> VirtualService.Flags {
        var flags: VirtualService.Flags = []
        for word in token.text.split(separator: ",") {
            switch word {
            case "flag-1": flags.insert(.schedule1)
            case "flag-2": flags.insert(.schedule2)
            case "flag-3": flags.insert(.schedule3)
            case "sh-fallback", "sh-port", "mh-fallback", "mh-port":
                guard word.prefix(2) == scheduler.rawValue else {
                    throw FormatError(place(token), "incompatible scheduler flag `\(word)'")
                }
                flags.insert(word.hasSuffix("port") ? .schedule2 : .schedule1)
            default:
                let known = [
                    "flag-1", "flag-2", "flag-3", "sh-fallback", "sh-port", "mh-fallback", "mh-port",
                ]
                throw FormatError(
                    place(token), "invalid scheduler flag `\(word)'",
                    suggestion: nearestWord(String(word), among: known))
            }
        }
        return flags
    }

    private func serverAddress() throws(FormatError) -> (IPAddress, UInt16) {
        guard let server, let parsed = addressAndPort(server.text) else {
            throw FormatError(
                server.map { place($0) } ?? location, "illegal real server address[:port] specified")
        }
        return (parsed.address, parsed.port ?? (mark == nil ? address?.port : nil) ?? 0)
    }

    private func destination() throws(FormatError) -> Destination {
        var (address, port) = try serverAddress()
        let forwarding = try self.forwarding(port: port)
        // Only masquerading can change the port; a firewall mark has none of its own.
        if mark == nil, forwarding != .masquerade { port = self.address?.port ?? port }
        if given[.upper] != nil || given[.lower] != nil, lower > upper, upper != 0 {
            throw FormatError(
                given[.lower] ?? location, "Numerical result out of range: l-threshold is above u-threshold")
        }
        return Destination(
            address: address, port: port, forwarding: forwarding, weight: weight, upperThreshold: upper,
            lowerThreshold: lower)
    }

    private func forwarding(port: UInt16) throws(FormatError) -> Destination.Forwarding {
        let methods = given.filter { $0.key.group == .forwarding }
        if methods.count > 1 { throw FormatError(location, "multiple 'forwarding-method' options specified") }
        if given[.tunnel] == nil {
            if let stray = given.filter({ $0.key.group == .tunnel }).min(by: {
                $0.value.column < $1.value.column
            }) {
                throw FormatError(
                    stray.value, "Illegal '\(stray.key.optionName)' option without ipip forwarding")
            }
            return given[.masquerade] == nil ? .directRoute : .masquerade
        }
        let checksums = [IPVSAdmOption.Meaning.noChecksum, .checksum, .remoteChecksum].filter {
            given[$0] != nil
        }
        if checksums.count > 1 {
            throw FormatError(
                given[checksums[1]] ?? location,
                "The option '\(checksums[0].optionName)' conflicts with the '\(checksums[1].optionName)' option in the "
                    + "'\(tunnelType ?? "ipip")' tunnel type")
        }
        let checksum: Destination.Tunnel.Checksum =
            given[.checksum] != nil ? .full : given[.remoteChecksum] != nil ? .remote : .none
        func illegal(_ meaning: IPVSAdmOption.Meaning, _ type: String) -> FormatError {
            FormatError(
                given[meaning] ?? location,
                "Illegal '\(meaning.optionName)' option with the '\(type)' tunnel type")
        }
        switch tunnelType ?? "ipip" {
        case "gue":
            guard let tunnelPort else {
                throw FormatError(
                    location, "You need to supply the 'tun-port' option for the 'gue' tunnel type")
            }
            return .tunnel(.gue(port: tunnelPort, checksum: checksum))
        case "gre":
            if tunnelPort != nil { throw illegal(.tunnelPort, "gre") }
            if given[.remoteChecksum] != nil { throw illegal(.remoteChecksum, "gre") }
            return .tunnel(.gre(checksum: checksum))
        default:
            if tunnelPort != nil { throw illegal(.tunnelPort, "ipip") }
            if let first = checksums.first { throw illegal(first, "ipip") }
            return .tunnel(.ipip)
        }
    }
}

extension VirtualService {
    public var family: AddressFamily {
        switch key {
        case .address(_, let address, _): address.family
        case .mark(_, let family): family
        }
    }
}
