import HawseModel
import HawseWire

/// HMARK (`hmark_tg_v4`, `hmark_tg_v6`): the mark is a hash of the flow, the same for both directions.
struct HMarkAction: BitwiseCopyable {
    var usesConnection: Bool
    var isLayer3: Bool
    var sourceMask: AddressBits
    var destinationMask: AddressBits
    /// Both ports (or the SPI) as one word.
    var portMask: UInt32
    var portSet: UInt32
    var protocolMask: UInt16
    var random: UInt32
    var modulus: UInt32
    var offset: UInt32

    init(_ target: HMarkTarget) {
        usesConnection = target.usesConnection
        isLayer3 = target.flags & (1 << 13) != 0
        sourceMask = target.sourceMask
        destinationMask = target.destinationMask
        portMask = target.spiMask ?? UInt32(target.sourcePortMask) << 16 | UInt32(target.destinationPortMask)
        portSet = target.spiSet ?? UInt32(target.sourcePortSet) << 16 | UInt32(target.destinationPortSet)
        protocolMask = target.protocolMask
        random = target.random
        modulus = target.modulus
        offset = target.offset
    }

    private struct Flow {
        var source: UInt32 = 0
        var destination: UInt32 = 0
        var ports: UInt32 = 0
        var ipProtocol: IPProtocol = .unspecified
    }

    func apply(_ context: RuleContext) {
        guard var flow = usesConnection ? connectionFlow(context) : packetFlow(context) else { return }
        if flow.destination < flow.source { swap(&flow.source, &flow.destination) }
        let hash =
            JHash.hash3(flow.source, flow.destination, flow.ports, seed: random)
            ^ UInt32(UInt16(flow.ipProtocol.rawValue) & protocolMask)
        context.packet.pointee.mark = GoldenHash.scale(hash, to: modulus) &+ offset
    }

    /// IPv6: the four masked words folded into one.
    private func fold(_ address: AddressBits, _ mask: AddressBits, _ isIPv6: Bool) -> UInt32 {
        let masked = address & mask
        guard isIPv6 else { return masked.ipv4 }
        let w = masked.words
        return w.0 ^ w.1 ^ w.2 ^ w.3
    }

    /// `hmark_swap_ports`: the larger port goes in front.
    private func order(_ ports: UInt32) -> UInt32 {
        let chosen = ports & portMask | portSet
        let source = chosen >> 16
        let destination = chosen & 0xffff
        return destination > source ? destination << 16 | source : source << 16 | destination
    }

    private func connectionFlow(_ context: RuleContext) -> Flow? {
        guard let connection = context.connection else {
            // CT's template is a connection with nothing in it.
            guard context.packet.pointee.connectionTemplate.isSet else { return nil }
            var flow = Flow()
            if !isLayer3 { flow.ports = order(0) }
            return flow
        }
        let original = context.node.pointee.connections.tuple(of: connection, .original)
        let reply = context.node.pointee.connections.tuple(of: connection, .reply)
        var flow = Flow()
        flow.source = fold(original.source, sourceMask, context.isIPv6)
        flow.destination = fold(reply.source, destinationMask, context.isIPv6)
        if isLayer3 { return flow }
        flow.ipProtocol = connection.pointee.ipProtocol
        if flow.ipProtocol != .icmp {
            flow.ports = order(UInt32(original.sourcePort) << 16 | UInt32(reply.sourcePort))
        }
        return flow
    }

    private func packetFlow(_ context: RuleContext) -> Flow? {
        let packet = context.packet
        var base = 0
        if context.isIPv6 {
            var walk = upper(packet, from: 0)
            guard walk.outcome == .found else { return Flow() }
            if walk.protocolNumber == .icmpv6, !walk.hasFragmentHeader,
                let icmp = packet.bytes(at: walk.offset, count: 8), icmp.load8(at: 0) != 0, ICMPHeader.isErrorV6(type: icmp.load8(at: 0))
            {
                base = walk.offset + 8
                guard packet.bytes(at: base, count: 40) != nil else { return nil }
                walk = upper(packet, from: base)
                guard walk.outcome == .found else { return nil }
            }
            let ip = IPv6Header(packet.networkPointer + base)
            var flow = Flow()
            flow.source = fold(ip.source, sourceMask, true)
            flow.destination = fold(ip.destination, destinationMask, true)
            if isLayer3 { return flow }
            flow.ipProtocol = walk.protocolNumber
            if walk.protocolNumber == .icmpv6 || walk.hasFragmentHeader { return flow }
            readPorts(&flow, packet, base + walk.offset)
            return flow
        }
        let headerLength = packet.ipv4.headerLength
        if packet.ipv4.protocolNumber == .icmp, let icmp = packet.bytes(at: headerLength, count: 8),
            ICMPHeader.isError(type: icmp.load8(at: 0))
        {
            base = headerLength + 8
            guard packet.bytes(at: base, count: 20) != nil else { return nil }
        }
        let ip = IPv4Header(packet.networkPointer + base)
        var flow = Flow()
        flow.source = fold(ip.sourceBits, sourceMask, false)
        flow.destination = fold(ip.destinationBits, destinationMask, false)
        if isLayer3 { return flow }
        flow.ipProtocol = ip.protocolNumber
        if ip.protocolNumber == .icmp || ip.isFragment { return flow }
        readPorts(&flow, packet, base + ip.headerLength)
        return flow
    }

    /// With `IP6_FH_F_AUTH` an authentication header counts as the upper protocol.
    private func upper(_ packet: PacketRef, from base: Int) -> IPv6ExtensionWalk {
        let (start, length) = (packet.networkPointer + base, packet.length - base)
        var walk = IPv6ExtensionWalk.find(start, length: length)
        guard walk.outcome == .found else { return walk }
        let authentication = IPv6ExtensionWalk.find(.ah, start, length: length)
        if authentication.outcome == .found { (walk.protocolNumber, walk.offset) = (.ah, authentication.offset) }
        return walk
    }

    private func readPorts(_ flow: inout Flow, _ packet: PacketRef, _ offset: Int) {
        guard let place = portsOffset(flow.ipProtocol), let ports = packet.bytes(at: offset + place, count: 4)
        else { return }
        flow.ports = order(ports.loadBE32(at: 0))
    }
}
