import HawseModel
import HawseWire

extension Walk {
    /// A raw socket's packet with its own header (`raw_send_hdrinc`, `rawv6_send_hdrinc`): fills in what the kernel
    /// fills in, and routes. A packet that has no way, or is longer than its device's MTU, is refused to the process.
    func beginLocal(_ packet: PacketRef) -> Stage {
        switch packet.networkPointer.load8(at: 0) >> 4 {
        case 4: return beginLocal4(packet)
        case 6: return beginLocal6(packet)
        default: return drop(packet, .ipVersion)
        }
    }

    private func beginLocal4(_ packet: PacketRef) -> Stage {
        guard packet.length >= 20 else { return drop(packet, .ipTruncated) }
        let ip = packet.ipv4
        let headerLength = ip.headerLength
        guard headerLength <= packet.length else { return drop(packet, .ipHeaderLength) }
        packet.pointee.version = 4
        packet.pointee.packetType = .host
        let route = lookupOutput(
            family: .ipv4, source: .zero, destination: ip.destinationBits, mark: packet.pointee.mark, tos: 0, out: 0,
            anySource: true, ipProtocol: .raw)
        guard isUsable(route) else { return drop(packet, failure(route)) }
        packet.pointee.route = route
        guard packet.length <= node.pointee.interfaces[route.outInterface].pointee.mtu else {
            return drop(packet, .packetTooBig)
        }
        if headerLength >= 20 {
            if ip.source == 0 { ip.source = route.source.ipv4 }
            ip.totalLength = UInt16(truncatingIfNeeded: packet.length)
            if ip.identification == 0 { ip.identification = newIdentification() }
            ip.storeChecksum()
        }
        packet.pointee.transport = packet.pointee.network + Int32(max(headerLength, 20))
        packet.pointee.ipProtocol = ip.protocolNumber
        packet.pointee.fragmentOffset = (ip.fragmentField & 0x1fff) &* 8
        return .output
    }

    private func beginLocal6(_ packet: PacketRef) -> Stage {
        guard packet.length >= 40 else { return drop(packet, .ipTruncated) }
        packet.pointee.version = 6
        packet.pointee.packetType = .host
        let route = lookupOutput(
            family: .ipv6, source: .zero,
            // The unspecified address stands for the node itself.
            destination: packet.ipv6.destination.isZero ? AddressBits(high: 0, low: 1) : packet.ipv6.destination,
            mark: packet.pointee.mark, tos: 0, out: 0, anySource: true, ipProtocol: .raw)
        guard isUsable(route) else { return drop(packet, failure(route)) }
        packet.pointee.route = route
        guard packet.length <= node.pointee.interfaces[route.outInterface].pointee.mtu else {
            return drop(packet, .packetTooBig)
        }
        packet.locateIPv6Transport()
        return .output
    }

    @inline(__always)
    func isUsable(_ route: RouteResult) -> Bool {
        switch route.kind {
        case .unicast, .local, .broadcast, .multicast, .anycast: true
        default: false
        }
    }

    func failure(_ route: RouteResult) -> DropReason {
        switch route.kind {
        case .unreachable: .unreachable
        case .prohibit: .prohibited
        case .blackhole: .blackhole
        case .martian: .martianSource
        default: .noRoute
        }
    }

    func connectionsTimer() {}
    func ipvsTimer() {}
}
