import HawseModel
import HawseWire

extension IPVSAdmReader {
    /// Whether the options go together, and what they ask for.
    mutating func finish() throws(FormatError) -> IPVSCommand {
        guard let action else {
            throw FormatError(location, "Try `ipvsadm -h' or 'ipvsadm --help' for more information (a command comes first)")
        }
        let timeouts = action.meaning == .setTimeouts ? try takeTimeouts() : nil
        if let extra = words.first { throw FormatError(place(extra), "unexpected argument \(extra.text)") }
        let flags = try schedulerFlags()
        try checkOptions(action)
        switch action.meaning {
        case .addService: return .addService(try virtualService(flags))
        case .editService: return .editService(try virtualService(flags))
        case .deleteService: return .deleteService(try key())
        case .addServer: return .addDestination(try key(), try destination())
        case .editServer: return .editDestination(try key(), try destination())
        case .deleteServer:
            let server = server ?? (.unspecified(family), 0)
            return .deleteDestination(try key(), address: server.address, port: server.port)
        case .clear: return .flush
        case .zero: return .zero(mark != nil || address != nil ? try key() : nil)
        case .setTimeouts: return .setTimeouts(timeouts ?? IPVSSpec.Timeouts(tcp: 0, tcpFin: 0, udp: 0))
        case .startDaemon:
            daemon.role = daemonRole
            return .startDaemon(daemon)
        case .stopDaemon: return .stopDaemon(daemonRole)
        default: throw FormatError(location, "--\(action.name) changes nothing and is not understood here")
        }
    }

    private mutating func takeTimeouts() throws(FormatError) -> IPVSSpec.Timeouts {
        guard words.count >= 3 else { throw FormatError(location, "--set option requires 3 timeout values") }
        var seconds: [UInt32] = []
        for word in words.prefix(3) { seconds.append(UInt32(try timeout(word, least: 0))) }
        words.removeFirst(3)
        return IPVSSpec.Timeouts(tcp: seconds[0], tcpFin: seconds[1], udp: seconds[2])
    }

    /// `generic_opt_check`: option by option in ipvsadm's own order, what is missing and what does not belong there.
    private func checkOptions(_ action: IPVSAdmOption) throws(FormatError) {
        let legal = action.meaning.legalOptions
        let names = given.keys.map(\.optionName)
        if displayWords.isEmpty, names.allSatisfy({ legal.optional.contains($0) || legal.required.contains($0) }),
            legal.required.allSatisfy(names.contains)
        {
            return
        }
        for name in IPVSAdmOption.optionNames {
            let place = given.first { $0.key != .display && $0.key.optionName == name }?.value
                ?? displayWords.first { $0.name == name }?.place
            if let place {
                guard legal.optional.contains(name) || legal.required.contains(name) else {
                    throw FormatError(place, "Illegal '\(name)' option with the '\(action.commandName)' command")
                }
            } else if legal.required.contains(name) {
                throw FormatError(
                    location, "You need to supply the '\(name)' option for the '\(action.commandName)' command")
            }
        }
    }

    private func key() throws(FormatError) -> VirtualService.Key {
        if let mark { return .mark(mark, family: family) }
        guard let ipProtocol = serviceProtocol, let address else {
            throw FormatError(location, "illegal virtual server address[:port] specified")
        }
        return .address(ipProtocol: ipProtocol, address: address.address, port: address.port)
    }

    private func virtualService(_ flags: VirtualService.Flags) throws(FormatError) -> VirtualService {
        var service = VirtualService(key: try key(), scheduler: scheduler, flags: flags, engine: engine)
        if let persistence {
            service.flags.insert(.persistent)
            service.persistenceTimeout = persistence
        }
        if let maskLength { service.persistenceMask = maskLength }
        if mark == nil, address?.port == 0, persistence == nil {
            throw FormatError(location, "Zero port specified for non-persistent service")
        }
        if let place = given[.onePacket] {
            guard serviceProtocol == .udp || mark != nil else {
                throw FormatError(place, "One-Packet Scheduling is only for UDP virtual services")
            }
            service.flags.insert(.onePacket)
        }
        return service
    }

    private func schedulerFlags() throws(FormatError) -> VirtualService.Flags {
        guard let token = flagWords else { return [] }
        let name = unknownName == nil ? scheduler.rawValue : ""
        var flags: VirtualService.Flags = []
        for word in token.text.split(separator: ",") {
            switch word {
            case "flag-1": flags.insert(.schedule1)
            case "flag-2": flags.insert(.schedule2)
            case "flag-3": flags.insert(.schedule3)
            case "sh-fallback", "sh-port", "mh-fallback", "mh-port":
                guard word.prefix(2) == name else {
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

    private func destination() throws(FormatError) -> Destination {
        guard let (address, asked) = server else {
            throw FormatError(location, "illegal real server address[:port] specified")
        }
        let isTunnel = given[.tunnel] != nil
        // Only masquerading can change the port; a firewall mark has none of its own.
        let port = mark == nil && given[.masquerade] == nil ? self.address?.port ?? asked : asked
        guard address.family == family || isTunnel else {
            throw FormatError(
                given[.server] ?? location, "Different address family is allowed only for tunneling servers")
        }
        let forwarding = try self.forwarding(isTunnel: isTunnel)
        // The kernel's reason.
        guard lower <= upper else { throw FormatError(given[.lower] ?? location, "Numerical result out of range") }
        return Destination(
            address: address, port: port, forwarding: forwarding, weight: weight, upperThreshold: upper,
            lowerThreshold: lower)
    }

    /// `tunnel_opt_check`
    private func forwarding(isTunnel: Bool) throws(FormatError) -> Destination.Forwarding {
        let options: [IPVSAdmOption.Meaning] = [.tunnelPort, .noChecksum, .checksum, .remoteChecksum]
        if !isTunnel {
            if let stray = ([.tunnelType] + options).compactMap({ given[$0] }).min(by: { $0.column < $1.column }) {
                throw FormatError(stray, "Tunnel options conflict with forward method")
            }
            return given[.masquerade] == nil ? .directRoute : .masquerade
        }
        let legal: Set<IPVSAdmOption.Meaning>
        switch tunnelType {
        case "gue": legal = Set(options)
        case "gre": legal = [.noChecksum, .checksum]
        default: legal = []
        }
        var chosen: IPVSAdmOption.Meaning?
        for option in options {
            guard let place = given[option] else {
                if option == .tunnelPort, tunnelType == "gue" {
                    throw FormatError(
                        location, "You need to supply the 'tun-port' option for the 'gue' tunnel type")
                }
                continue
            }
            guard legal.contains(option) else {
                throw FormatError(place, "Illegal '\(option.optionName)' option with the '\(tunnelType)' tunnel type")
            }
            if option == .tunnelPort { continue }
            if let chosen {
                throw FormatError(
                    place,
                    "The option '\(option.optionName)' conflicts with the '\(chosen.optionName)' option in the "
                        + "'\(tunnelType)' tunnel type")
            }
            chosen = option
        }
        let checksum: Destination.Tunnel.Checksum = chosen == .checksum ? .full : chosen == .remoteChecksum ? .remote : .none
        switch tunnelType {
        case "gue": return .tunnel(.gue(port: tunnelPort, checksum: checksum))
        case "gre": return .tunnel(.gre(checksum: checksum))
        default: return .tunnel(.ipip)
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
