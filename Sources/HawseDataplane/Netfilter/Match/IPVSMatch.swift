import HawseModel
import HawseWire

/// `-m ipvs` (`ipvs_mt`): what IPVS knows of a packet it has rewritten.
struct IPVSOperation: MatchOperation {
    /// Only `--ipvs` was asked.
    var isPropertyOnly: Bool
    var propertyInverted: Bool
    var hasProtocol: Bool
    var ipProtocol: UInt8
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
        ipProtocol = match.ipProtocol?.number.rawValue ?? 0
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
        guard let connection = node.pointee.ipvs.connections.live(packet.pointee.virtualConnection)?.pointee else {
            return false
        }
        // The lookup is made with source and destination exchanged, and so finds the way to the real server only; it finds
        // what is in the table, which connections for one packet are not, and nothing for an ICMP error.
        let end = connection.forwarding == .masquerade ? connection.destination : connection.virtual
        guard connection.flags.contains(.hashed), packet.pointee.ipProtocol == connection.ipProtocol, packet.sourceBits == connection.client, packet.destinationBits == end
        else { return false }
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
