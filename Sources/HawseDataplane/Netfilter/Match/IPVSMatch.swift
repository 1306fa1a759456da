import HawseModel
import HawseWire

/// `-m ipvs` (`ipvs_mt`): what IPVS knows of a packet it has rewritten.
struct IPVSOperation: MatchOperation {
    /// Only `--ipvs` was asked.
    var isPropertyOnly: Bool
    var propertyInverted: Bool
    var hasProtocol: Bool
    var ipProtocol: IPProtocol
    var protocolInverted: Bool
    var address: MaskedAddress
    var port: ExpectedNumber
    var controllingPort: ExpectedNumber
    /// 0, 1, or 2 for any.
    var direction: UInt8
    var hasMethod: Bool
    var method: UInt8
    var methodInverted: Bool

    init(_ match: IPVSMatch) {
        isPropertyOnly =
            match.ipProtocol == nil && match.address == nil && match.port == nil && match.direction == nil
            && match.method == nil && match.controllingPort == nil
        propertyInverted = match.isIPVS == false
        hasProtocol = match.ipProtocol != nil
        ipProtocol = match.ipProtocol?.number ?? .unspecified
        protocolInverted = match.ipProtocol?.inverted ?? false
        address = MaskedAddress(match.address)
        port = ExpectedNumber(match.port)
        controllingPort = ExpectedNumber(match.controllingPort)
        direction = match.direction?.rawValue ?? 2
        hasMethod = match.method != nil
        methodInverted = match.method?.inverted ?? false
        switch match.method?.value {
        case .gate: method = 3
        case .ipip: method = 2
        case .masquerade, nil: method = 0
        }
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let packet = context.packet
        let test = operation.pointee
        let isIPVS = packet.pointee.flags.contains(.ipvs)
        if test.isPropertyOnly { return isIPVS != test.propertyInverted }
        guard isIPVS, !test.propertyInverted else { return false }
        if test.hasProtocol, (packet.pointee.ipProtocol == test.ipProtocol) == test.protocolInverted { return false }
        let node = context.node
        // The lookup is made with source and destination exchanged, and so finds a way to a real server only, whichever the
        // packet took itself; connections for one packet are not in the table, and an ICMP error finds nothing.
        let ipProtocol = packet.pointee.ipProtocol
        guard ipProtocol == .tcp || ipProtocol == .udp || ipProtocol == .sctp, packet.pointee.fragmentOffset == 0,
            packet.transportLength >= 4
        else { return false }
        let flow = VirtualFlow(
            version: packet.pointee.version, ipProtocol: ipProtocol, client: packet.destinationBits,
            clientPort: packet.transportPointer.loadBE16(at: 2), virtual: packet.sourceBits,
            virtualPort: packet.transportPointer.loadBE16(at: 0))
        guard let connection = node.pointee.ipvs.connections.findOutgoing(flow)?.pointee else { return false }
        guard test.port.holds(UInt32(connection.virtualPort)), test.address.holds(connection.virtual) else { return false }
        if test.controllingPort.isSet {
            let hit =
                connection.control != 0
                && UInt32(node.pointee.ipvs.connections[connection.control].pointee.virtualPort) == test.controllingPort.value
            if hit == test.controllingPort.inverted { return false }
        }
        if test.direction != 2 {
            guard packet.pointee.connection != 0,
                packet.pointee.connectionInfo.isReply == (test.direction == ConnectionDirection.reply.rawValue)
            else { return false }
        }
        return !test.hasMethod || (connection.forwarding.rawValue == test.method) != test.methodInverted
    }
}
