import HawseModel
import HawseWire

/// `-m ipvs` (`ipvs_mt`): what IPVS knows of a packet. All but `--ipvs` itself looks at the connection for whose server
/// the packet, as it is now, would be a request.
struct IPVSOperation: MatchOperation {
    /// Only `--ipvs` was asked.
    var isPropertyOnly: Bool
    var propertyInverted: Bool
    /// What was asked, and of that what is inverted.
    var asked: Questions = []
    var inverted: Questions = []
    var ipProtocol: UInt8 = 0
    var method: Forwarding = .masquerade
    var isReply = false
    var port: UInt16 = 0
    var controllingPort: UInt16 = 0
    var address: AddressBits = .zero
    var mask: AddressBits = .zero

    struct Questions: OptionSet {
        var rawValue: UInt8
        static let ipProtocol = Questions(rawValue: 1)
        static let address = Questions(rawValue: 2)
        static let port = Questions(rawValue: 4)
        static let direction = Questions(rawValue: 8)
        static let method = Questions(rawValue: 16)
        static let controllingPort = Questions(rawValue: 32)
    }

    init(_ match: IPVSMatch) {
        propertyInverted = match.isIPVS == false
        if let asks = match.ipProtocol {
            asked.insert(.ipProtocol)
            if asks.inverted { inverted.insert(.ipProtocol) }
            ipProtocol = asks.number.rawValue
        }
        if let asks = match.address {
            asked.insert(.address)
            if asks.inverted { inverted.insert(.address) }
            address = asks.address.bits
            mask = asks.mask
        }
        if let asks = match.port {
            asked.insert(.port)
            if asks.inverted { inverted.insert(.port) }
            port = asks.value
        }
        if let asks = match.direction {
            asked.insert(.direction)
            isReply = asks == .reply
        }
        if let asks = match.method {
            asked.insert(.method)
            if asks.inverted { inverted.insert(.method) }
            switch asks.value {
            case .gate: method = .directRoute
            case .ipip: method = .tunnel
            case .masquerade: method = .masquerade
            }
        }
        if let asks = match.controllingPort {
            asked.insert(.controllingPort)
            if asks.inverted { inverted.insert(.controllingPort) }
            controllingPort = asks.value
        }
        isPropertyOnly = asked.isEmpty
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let isIPVS = context.packet.pointee.flags.contains(.ipvs)
        if operation.pointee.isPropertyOnly { return isIPVS != operation.pointee.propertyInverted }
        guard isIPVS else { return false }
        let asks = operation.pointee
        func answers(_ question: Questions, _ isSo: @autoclosure () -> Bool) -> Bool {
            !asks.asked.contains(question) || isSo() != asks.inverted.contains(question)
        }
        guard answers(.ipProtocol, context.packet.pointee.ipProtocol == asks.ipProtocol) else { return false }
        guard let found = context.walk.ipvsMatchConnection(context.packet) else { return false }
        let connection = found.pointee
        let control = connection.control == 0 ? nil : context.node.pointee.ipvs.connections[connection.control]
        if asks.asked.contains(.direction) {
            guard context.packet.pointee.connection != 0,
                context.packet.pointee.connectionInfo.isReply == asks.isReply
            else { return false }
        }
        return answers(.port, connection.virtualPort == asks.port)
            && answers(.controllingPort, control?.pointee.virtualPort == asks.controllingPort)
            && answers(.method, connection.forwarding == asks.method)
            && answers(.address, connection.virtual & asks.mask == asks.address & asks.mask)
    }
}
