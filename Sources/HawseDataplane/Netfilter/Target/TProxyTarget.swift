import HawseModel
import HawseWire

/// TPROXY (`tproxy_tg4`, `tproxy_tg6`): gives the packet to a local transparent socket; drops it when there is none.
struct TProxyAction: BitwiseCopyable {
    var port: UInt16
    var address: AddressBits
    var markValue: UInt32
    var markMask: UInt32

    init(_ target: TProxyTarget) {
        port = target.port
        address = target.address?.bits ?? .zero
        markValue = target.markValue
        markMask = target.markMask
    }

    func apply(_ context: RuleContext) -> TargetResult {
        let packet = context.packet
        guard !packet.isLaterFragment, packet.transportLength >= 8 else { return .drop }
        var target = address
        if target.isZero {
            let first = context.node.pointee.interfaces.firstAddress(packet.pointee.inInterface, packet.family)
            target = first?.bits ?? packet.destinationBits
        }
        let port = port == 0 ? packet.transportPointer.loadBE16(at: 2) : port
        guard
            let index = context.node.pointee.sockets.find(
                ipProtocol: packet.pointee.ipProtocol, family: packet.family, address: target,
                port: port), context.node.pointee.sockets.listeners[index].isTransparent
        else {
            packet.pointee.disposition = .dropped(.socketMissing)
            return .drop
        }
        packet.pointee.mark = (packet.pointee.mark & ~markMask) ^ markValue
        packet.pointee.socket = UInt16(truncatingIfNeeded: index + 1)
        return .accept
    }
}
