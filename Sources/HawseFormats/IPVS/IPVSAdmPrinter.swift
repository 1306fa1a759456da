import HawseModel
import HawseWire

/// Prints virtual servers as command lines, the form of `ipvsadm -S -n`.
public struct IPVSAdmPrinter: Sendable {
    public init() {}

    /// Services and destinations sorted as `ipvsadm-save` does.
    public func saved(_ spec: IPVSSpec) -> String {
        var out = ""
        for service in listed(spec.services, by: listingOrder) {
            out += addLine(service) + "\n"
            for destination in listed(service.destinations, by: listingOrder) {
                out += addLine(destination, to: service.key) + "\n"
            }
        }
        return out
    }

    /// `-A -t 10.0.0.1:80 -s rr`
    public func addLine(_ service: VirtualService) -> String {
        var out = "-A \(name(service.key)) -s \(service.scheduler.rawValue)"
        if service.flags.contains(.persistent) {
            out += " -p \(service.persistenceTimeout)"
            if service.persistenceMask != service.family.bitCount { out += " -M \(service.maskText)" }
        }
        if let engine = service.engine { out += " --pe \(engine.rawValue)" }
        if service.flags.contains(.onePacket) { out += " -o" }
        if service.hasSchedulerFlags { out += " -b \(service.schedulerFlagText)" }
        return out
    }

    /// `-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m -w 1`. ipvsadm 1.31 leaves thresholds out of what it saves.
    public func addLine(_ destination: Destination, to key: VirtualService.Key, thresholds: Bool = false)
        -> String
    {
        var out = "-a \(name(key)) -r \(destination.address.description(port: destination.port))"
        switch destination.forwarding {
        case .masquerade: out += " -m -w \(destination.weight)"
        case .directRoute: out += " -g -w \(destination.weight)"
        case .tunnel(let tunnel): out += " -i -w \(destination.weight)\(tunnel.optionText)"
        }
        if thresholds, destination.upperThreshold != 0 || destination.lowerThreshold != 0 {
            out += " -x \(destination.upperThreshold) -y \(destination.lowerThreshold)"
        }
        return out
    }

    private func name(_ key: VirtualService.Key) -> String {
        switch key {
        // ipvsadm prints marks as signed numbers, and does not read the negative ones itself.
        case .mark(let mark, .ipv4): return "-f \(Int32(bitPattern: mark))"
        case .mark(let mark, .ipv6): return "-f \(Int32(bitPattern: mark)) -6"
        case .address(let ipProtocol, let address, let port):
            let option = ipProtocol == .udp ? "-u" : ipProtocol == .sctp ? "--sctp-service" : "-t"
            return "\(option) \(address.description(port: port))"
        }
    }
}

extension Destination.Tunnel {
    var optionText: String {
        switch self {
        case .ipip: " --tun-type ipip"
        case .gue(let port, let checksum): " --tun-type gue --tun-port \(port)\(checksum.optionText)"
        case .gre(let checksum): " --tun-type gre\(checksum.optionText)"
        }
    }
}

extension Destination.Tunnel.Checksum {
    var optionText: String {
        switch self {
        case .none: " --tun-nocsum"
        case .full: " --tun-csum"
        case .remote: " --tun-remcsum"
        }
    }
}

extension VirtualService {
    /// `255.255.255.0` or `64`.
    var maskText: String {
        family == .ipv6
            ? "\(persistenceMask)"
            : IPAddress(
                family: .ipv4, bits: .mask(prefixLength: max(0, min(32, persistenceMask)), family: .ipv4)
            ).description
    }

    var hasSchedulerFlags: Bool { !flags.isDisjoint(with: [.schedule1, .schedule2, .schedule3]) }

    /// Empty for the third flag of sh and mh, which has no name there.
    var schedulerFlagText: String {
        let isNamed = scheduler == .sh || scheduler == .mh
        var words: [String] = []
        if flags.contains(.schedule1) { words.append(isNamed ? "\(scheduler.rawValue)-fallback" : "flag-1") }
        if flags.contains(.schedule2) { words.append(isNamed ? "\(scheduler.rawValue)-port" : "flag-2") }
        if flags.contains(.schedule3), !isNamed { words.append("flag-3") }
        return words.joined(separator: ",")
    }
}
