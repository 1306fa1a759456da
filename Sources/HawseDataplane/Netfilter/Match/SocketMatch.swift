import HawseModel
import HawseWire

/// `-m socket` (`socket_mt4_v3`, `socket_mt6_v3`): is a local socket there for the packet?
struct SocketOperation: MatchOperation {
    var transparent: Bool
    var noWildcard: Bool

    init(_ match: SocketMatch) {
        transparent = match.transparent
        noWildcard = match.noWildcard
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let packet = context.packet
        if packet.pointee.socket != 0 {
            let index = Int(packet.pointee.socket) - 1
            return index < context.node.pointee.sockets.listeners.count
                && accepts(operation, context.node.pointee.sockets.listeners[index])
        }
        guard let (ipProtocol, address, port) = wanted(context),
            let index = context.node.pointee.sockets.find(
                ipProtocol: ipProtocol, family: packet.family, address: address, port: port)
        else { return false }
        return accepts(operation, context.node.pointee.sockets.listeners[index])
    }

    /// A socket on the wildcard address does not count without `--nowildcard`.
    private static func accepts(_ operation: UnsafeMutablePointer<Self>, _ listener: Listener) -> Bool {
        let isWildcard = listener.address.map(\.isUnspecified) ?? true
        if isWildcard, !operation.pointee.noWildcard { return false }
        return !operation.pointee.transparent || listener.isTransparent
    }

    /// Whose socket is meant: the packet's destination, or for an ICMP error the sender of what it quotes.
    private static func wanted(_ context: RuleContext) -> (IPProtocol, AddressBits, UInt16)? {
        let packet = context.packet
        if packet.isLaterFragment { return nil }
        switch packet.pointee.ipProtocol {
        case .tcp, .udp:
            guard packet.transportLength >= 8 else { return nil }
            let ipProtocol = packet.pointee.ipProtocol
            if let (address, port) = context.sourceBeforeNAT { return (ipProtocol, address, port) }
            return (ipProtocol, packet.destinationBits, packet.transportPointer.loadBE16(at: 2))
        case .icmp where packet.isIPv4: return quoted4(packet)
        case .icmpv6 where packet.isIPv6: return quoted6(packet)
        default: return nil
        }
    }

    /// `extract_icmp4_fields`
    private static func quoted4(_ packet: PacketRef) -> (IPProtocol, AddressBits, UInt16)? {
        guard packet.transportLength >= 28, ICMPHeader.isError(type: packet.icmp.type) else { return nil }
        let inner = IPv4Header(packet.transportPointer + 8)
        let header = inner.headerLength
        guard inner.protocolNumber == .tcp || inner.protocolNumber == .udp, header >= 20,
            packet.transportLength >= 8 + header + 4
        else { return nil }
        return (inner.protocolNumber, inner.sourceBits, (inner.base + header).loadBE16(at: 0))
    }

    /// `extract_icmp6_fields`
    private static func quoted6(_ packet: PacketRef) -> (IPProtocol, AddressBits, UInt16)? {
        guard packet.transportLength >= 48, ICMPHeader.isErrorV6(type: packet.icmp.type) else { return nil }
        let inner = packet.transportPointer + 8
        let walk = IPv6ExtensionWalk.find(inner, length: packet.transportLength - 8)
        guard walk.outcome == .found, !walk.isLaterFragment, walk.protocolNumber == .tcp || walk.protocolNumber == .udp,
            packet.transportLength >= 8 + walk.offset + 4
        else { return nil }
        return (walk.protocolNumber, IPv6Header(inner).source, (inner + walk.offset).loadBE16(at: 0))
    }
}
