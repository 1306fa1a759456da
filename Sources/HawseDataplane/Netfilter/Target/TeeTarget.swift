import HawseModel
import HawseWire

/// TEE (`nf_dup_ipv4`, `nf_dup_ipv6`): a copy to a neighbour, sent before the packet itself goes on.
struct TeeAction: BitwiseCopyable {
    var gateway: AddressBits
    /// 0: by the routes.
    var out: UInt16

    init(_ target: TeeTarget, _ compiler: RuleCompiler) {
        gateway = target.gateway.bits
        out = target.outInterface.flatMap { compiler.surroundings.interfaces.index(of: $0) } ?? 0
    }
}

extension Walk {
    func tee(_ action: TeeAction, _ context: RuleContext) -> TargetResult {
        let packet = context.packet
        guard !packet.pointee.flags.contains(.withinCopy), let twin = copy(packet) else { return .continue }
        twin.pointee.connectionInfo = .untracked
        twin.pointee.connectionTemplate = .none
        twin.pointee.flags.insert([.duplicated, .withinCopy])
        twin.pointee.uid = -1
        // `__pskb_copy` takes nothing that stands in front of the packet, but the kernel has a bridged frame's tag beside it.
        let tag = frontTag(packet)
        if tag != 0 { twin.pointee.tag = tag }
        twin.pointee.mac = -1
        let losesHop = context.hook == .prerouting || context.hook == .input
        let ipProtocol = packet.pointee.ipProtocol
        let keepsSum = losesHop && context.table != .raw && isSummed(packet, ipProtocol)
        if keepsSum || isVerified(packet, ipProtocol) { twin.pointee.flags.insert(.checksumComplete) }
        let tos = packet.isIPv4 ? packet.dsField : packet.classOfCopy
        if twin.isIPv4 {
            twin.ipv4.dontFragment = true
            if losesHop { twin.ipv4.ttl = twin.ipv4.ttl &- 1 }
            twin.ipv4.totalLength = UInt16(truncatingIfNeeded: twin.length)
            twin.ipv4.storeChecksum()
        } else if losesHop {
            twin.ipv6.hopLimit = twin.ipv6.hopLimit &- 1
        }
        var route = lookupOutput(
            family: packet.family, source: .zero, destination: action.gateway, mark: 0, tos: tos & 0xfc, out: action.out)
        guard route.kind == .unicast || route.kind == .local else {
            twin.pointee.disposition = .dropped(.noRoute)
            finish(twin)
            return .continue
        }
        // On a device where no route leads to the gateway the kernel asks for the packet's own destination.
        let isAssumed =
            twin.isIPv4 && action.out != 0 && isAssumedOnLink4(action.gateway, on: action.out, tos: tos & 0xfc)
        if route.gatewayVersion == 0, !isAssumed {
            route.gateway = action.gateway
            route.gatewayVersion = packet.pointee.version
        }
        twin.pointee.route = route
        twin.pointee.ownDevice = route.outInterface
        sendNow(twin, causedBy: packet, stage: .output)
        return .continue
    }
}

extension UnsafeMutablePointer where Pointee == Packet {
    /// The traffic class that IPv6 rules see of a copy: `nf_dup_ipv6_route` asks with the flow label alone, in the wrong byte order.
    fileprivate var classOfCopy: UInt8 {
        UInt8(truncatingIfNeeded: ipv6.flowLabel.byteSwapped >> 20)
    }
}
