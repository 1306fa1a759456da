import CNetlink
import HawseModel
import HawseWire

/// Local ports with a process: `SOCK_DIAG_BY_FAMILY` (`inet_diag_req_v2`, `inet_diag_msg`).
enum ListenerReading {
    static func read(into spec: inout NodeSpec) throws(HostError) {
        let socket = try NetlinkSocket(protocol: 4)  // NETLINK_SOCK_DIAG
        // TCP_LISTEN is state 10, TCP_CLOSE (an unconnected datagram socket) 7.
        for (ipProtocol, state) in [(IPProtocol.tcp, 10), (.udp, 7), (.udplite, 7), (.sctp, 10)] as [(IPProtocol, UInt32)] {
            for family in [UInt8(AF_INET), UInt8(AF_INET6)] {
                var request = [UInt8](repeating: 0, count: 56)
                request[0] = family
                request[1] = ipProtocol.rawValue
                withUnsafeBytes(of: UInt32(1) << state) { request.replaceSubrange(4..<8, with: $0) }
                // A protocol whose module is not loaded has no sockets and no answer.
                guard let messages = try? socket.dump(Int(SOCK_DIAG_BY_FAMILY), request, headerLength: 72) else { continue }
                for listener in messages.flatMap({ listeners($0, ipProtocol) }) where !spec.listeners.contains(listener) {
                    spec.listeners.append(listener)
                }
            }
        }
    }

    private static func listeners(_ message: NetlinkMessage, _ ipProtocol: IPProtocol) -> [Listener] {
        guard let family = AddressFamily(netlink: message.byte(0)) else { return [] }
        let port = UInt16(message.byte(4)) << 8 | UInt16(message.byte(5))
        guard port != 0, let address = IPAddress(bytes: message.header[8..<(family == .ipv4 ? 12 : 24)]) else { return [] }
        let isAny = address == .unspecified(family)
        // `transparent` is bit 5 of inet_diag_sockopt.
        let isTransparent = (message.attributes.bytes(Int(INET_DIAG_SOCKOPT))?.first ?? 0) & 0x20 != 0
        // An IPv6 socket for all addresses hears IPv4 too, unless it has IPV6_V6ONLY.
        let hearsBoth = family == .ipv6 && isAny && !message.attributes.flag(Int(INET_DIAG_SKV6ONLY))
        return (hearsBoth ? [.ipv4, .ipv6] : [family]).map {
            Listener(ipProtocol: ipProtocol, family: $0, address: isAny ? nil : address, port: port, isTransparent: isTransparent)
        }
    }
}
