import HawseModel
import HawseWire

extension Walk {
    /// `ndisc_send_skb`: checksum, hop limit 255, and through OUTPUT like any packet of the node.
    func sendDiscovery(
        _ packet: PacketRef, source: AddressBits, destination: AddressBits, device: UInt16, causedBy parent: PacketRef?,
        by known: RouteResult? = nil
    ) {
        writeIPv6(
            packet, protocolNumber: .icmpv6, source: source, destination: destination,
            trafficClass: node.pointee.interfaces[device].pointee.discoveryClass, flowLabel: 0, hopLimit: 255)
        TransportChecksum.store(
            packet.transportPointer, length: packet.transportLength, protocolNumber: .icmpv6, family: .ipv6,
            source: source, destination: destination)
        var route = RouteResult(kind: destination.high >> 56 == 0xff ? .multicast : .unicast)
        route.outInterface = device
        route.source = source
        packet.pointee.route = known ?? route
        if packet.pointee.ownDevice == 0 { packet.pointee.ownDevice = device }
        sendNow(packet, causedBy: parent, stage: .output)
    }

    /// `ndisc_solicit`.
    func solicit6(_ neighbour: Neighbour, waiting: PacketRef?, isUnicast: Bool) {
        let device = node.pointee.interfaces[neighbour.device]
        var source: AddressBits?
        if let waiting, waiting.isIPv6,
            node.pointee.routing.isLocalAddress6(waiting.sourceBits, on: neighbour.device)
        {
            source = waiting.sourceBits
        }
        guard let from = source ?? linkLocal(on: neighbour.device) else { return }
        let target = neighbour.address
        let destination =
            isUnicast
            ? target : AddressBits(high: 0xff02 << 48, low: 0x0000_0001_ff00_0000 | target.low & 0xff_ffff)
        guard let packet = newPacket(bytes: 40 + 24 + 8) else { return }
        let body = packet.networkPointer + 40
        body.store8(ICMPv6Type.neighborSolicitation, at: 0)
        body.storeAddressBits(target, at: 8)
        body.store8(1, at: 24)
        body.store8(1, at: 25)
        body.storeMAC(device.pointee.mac, at: 26)
        sendDiscovery(packet, source: from, destination: destination, device: neighbour.device, causedBy: waiting)
    }

    /// `ndisc_rcv`: a neighbour-discovery message that INPUT let pass. Hop limit and code prove that it is from the link.
    func discoveryReceive(_ packet: PacketRef) -> Stage {
        guard packet.transportLength >= 8, packet.ipv6.hopLimit == 255, packet.icmp.code == 0 else {
            return drop(packet, .icmpUnwanted)
        }
        // `ndisc_suppress_frag_ndisc` (RFC 6980).
        let index = packet.pointee.inInterface
        if node.pointee.interfaces[index].pointee.suppressesFragmentedDiscovery,
            packet.pointee.fragmentMaxSize != 0
                || IPv6ExtensionWalk.find(packet.networkPointer, length: packet.length).hasFragmentHeader
        {
            return drop(packet, .icmpUnwanted)
        }
        switch packet.icmp.type {
        case ICMPv6Type.neighborSolicitation: return solicitationReceive(packet)
        case ICMPv6Type.neighborAdvertisement: return advertisementReceive(packet)
        case ICMPv6Type.redirect: hearRedirect6(packet)
        case ICMPv6Type.routerSolicitation: routerSolicitationReceive(packet)
        default: break
        }
        return end(packet, .consumed)
    }

    enum LinkOption {
        case absent
        case address(MACAddress)
        case malformed
    }

    /// `ndisc_parse_options`.
    func linkOption(_ packet: PacketRef, _ kind: UInt8, from start: Int = 24) -> LinkOption {
        var at = start
        let end = packet.transportLength
        let base = packet.transportPointer
        var found: MACAddress?
        while at < end {
            guard end - at >= 2 else { return .malformed }
            let length = Int(base.load8(at: at + 1)) * 8
            guard length > 0, length <= end - at else { return .malformed }
            if base.load8(at: at) == kind, found == nil {
                guard length == 8 else { return .malformed }
                found = base.loadMAC(at: at + 2)
            }
            at += length
        }
        return found.map { .address($0) } ?? .absent
    }

    /// `ndisc_recv_rs`: a router remembers who asks for routers. (Nobody advertises here.)
    private func routerSolicitationReceive(_ packet: PacketRef) {
        let index = packet.pointee.inInterface
        let source = packet.ipv6.source
        guard node.pointee.interfaces[index].pointee.forwarding6, !source.isZero else { return }
        var mac: MACAddress?
        switch linkOption(packet, NeighborDiscoveryOptions.Kind.sourceLinkAddress, from: 8) {
        case .malformed: return
        case .absent: break
        case .address(let found): mac = found
        }
        let handle = neighbourEntry(source, index, version: 6)
        if handle >= 0 { updateNeighbour(handle, mac, .stale, override: true, weak: true) }
    }

    /// `ndisc_recv_ns`.
    private func solicitationReceive(_ packet: PacketRef) -> Stage {
        guard packet.transportLength >= 24 else { return drop(packet, .arpMalformed) }
        let device = node.pointee.interfaces[packet.pointee.inInterface]
        let index = device.pointee.index
        let target = NeighborDiscoveryHeader(packet.transportPointer).target
        let source = packet.ipv6.source
        let destination = packet.ipv6.destination
        let isProbe = source.isZero
        let isToGroup = destination.high >> 56 == 0xff
        guard target.high >> 56 != 0xff else { return drop(packet, .arpMalformed) }
        if isProbe, destination.high != 0xff02 << 48 || destination.low >> 24 != 0x1ff {
            return drop(packet, .arpMalformed)
        }
        var mac: MACAddress?
        switch linkOption(packet, NeighborDiscoveryOptions.Kind.sourceLinkAddress) {
        case .malformed: return drop(packet, .arpMalformed)
        case .absent: break
        case .address(let found):
            if isProbe { return drop(packet, .arpMalformed) }
            mac = found
        }
        let isOwn = node.pointee.routing.isLocalAddress6(target, on: index)
        var isRouter = device.pointee.forwarding6
        if !isOwn {
            let isProxy =
                device.pointee.forwarding6 && (device.pointee.proxyNDP || node.pointee.settings.proxyNDP)
                && node.pointee.neighbours.isProxied(target, .ipv6, on: index)
            guard isProxy || isAnycast(target, on: index) else { return drop(packet, .arpIgnored) }
            // A proxy entry speaks for a host unless it was made with `router`.
            if isProxy { isRouter = false }
            if isToGroup, let stage = delayForProxy(packet, .ipv6) { return stage }
        }
        if isProbe {
            advertise(
                .init(device: index, to: AddressBits(high: 0xff02 << 48, low: 1), target: target,
                    isRouter: isRouter, isSolicited: false, overrides: isOwn, withLinkAddress: true), causedBy: packet)
            return end(packet, .consumed)
        }
        var handle: Int32
        if !isToGroup || mac != nil {
            handle = neighbourEntry(source, index, version: 6)
        } else {
            handle = node.pointee.neighbours.find(source, index, version: 6)
        }
        guard handle >= 0 else { return end(packet, .consumed) }
        updateNeighbour(handle, mac, .stale, override: true, weak: true)
        advertise(
            .init(device: index, to: source, target: target, isRouter: isRouter, isSolicited: true,
                overrides: isOwn && isToGroup, withLinkAddress: isToGroup), causedBy: packet)
        return end(packet, .consumed)
    }

    private func isAnycast(_ address: AddressBits, on device: UInt16) -> Bool {
        guard node.pointee.routing.isAnycast6(address) else { return false }
        var index = node.pointee.routing.tables6.find(address, 128, node.pointee.routing.localTable6)
        while index >= 0 {
            let entry = node.pointee.routing.tables6.entries + Int(index)
            if entry.pointee.isAnycast, node.pointee.routing.tables6.hops[Int(entry.pointee.firstHop)].device == device { return true }
            index = entry.pointee.next
        }
        return false
    }

    struct Advertisement {
        var device: UInt16
        var to: AddressBits
        var target: AddressBits
        var isRouter: Bool
        var isSolicited: Bool
        var overrides: Bool
        var withLinkAddress: Bool
    }

    /// `ndisc_send_na`: from the address asked for when it is ours, else from one that suits the asker.
    func advertise(_ what: Advertisement, causedBy parent: PacketRef?) {
        let device = node.pointee.interfaces[what.device]
        let isOwn = node.pointee.routing.isLocalAddress6(what.target, on: what.device)
        let source =
            isOwn ? what.target : node.pointee.routing.sources.select6(on: what.device, for: what.to)
        let tellsMAC = what.withLinkAddress || (isOwn && device.pointee.givesLinkAddress)
        guard let source, let packet = newPacket(bytes: 40 + 24 + (tellsMAC ? 8 : 0)) else { return }
        let header = NeighborDiscoveryHeader(packet.networkPointer + 40)
        header.type = ICMPv6Type.neighborAdvertisement
        header.isRouter = what.isRouter
        header.isSolicited = what.isSolicited
        header.isOverride = what.overrides
        header.target = what.target
        if tellsMAC {
            header.base.store8(2, at: 24)
            header.base.store8(1, at: 25)
            header.base.storeMAC(device.pointee.mac, at: 26)
        }
        sendDiscovery(packet, source: source, destination: what.to, device: what.device, causedBy: parent)
    }

    /// `accept_untracked_na`: routers remember neighbours that introduce themselves (RFC 9131); 2: of the device's own
    /// networks.
    private func acceptsUntracked(_ source: AddressBits, _ device: UnsafeMutablePointer<Interface>) -> Bool {
        switch device.pointee.acceptsUntracked {
        case 1: true
        case 2:
            node.pointee.routing.sources.ipv6.contains {
                $0.device == device.pointee.index
                    && ($0.bits ^ source) & AddressBits.mask(prefixLength: $0.length, family: .ipv6) == .zero
            }
        default: false
        }
    }

    /// `ndisc_recv_na`.
    private func advertisementReceive(_ packet: PacketRef) -> Stage {
        guard packet.transportLength >= 24 else { return drop(packet, .arpMalformed) }
        let index = packet.pointee.inInterface
        let header = NeighborDiscoveryHeader(packet.transportPointer)
        let target = header.target
        let destination = packet.ipv6.destination
        guard target.high >> 56 != 0xff, !(destination.high >> 56 == 0xff && header.isSolicited) else {
            return drop(packet, .arpMalformed)
        }
        var mac: MACAddress?
        switch linkOption(packet, NeighborDiscoveryOptions.Kind.targetLinkAddress) {
        case .malformed: return drop(packet, .arpMalformed)
        case .absent: break
        case .address(let found): mac = found
        }
        let device = node.pointee.interfaces[index]
        if device.pointee.dropsUnsolicited, !header.isSolicited { return drop(packet, .arpIgnored) }
        // Somebody else claims an address of ours.
        if node.pointee.routing.isLocalAddress6(target, on: index) { return drop(packet, .arpIgnored) }
        var handle = node.pointee.neighbours.find(target, index, version: 6)
        var isSolicited = header.isSolicited
        if handle < 0, mac != nil, device.pointee.forwarding6, acceptsUntracked(packet.ipv6.source, device) {
            handle = neighbourEntry(target, index, version: 6)
            isSolicited = false
        }
        if handle >= 0, node.pointee.neighbours.entries[Int(handle)].state != .failed {
            // What we say ourselves for a neighbour that we stand in for is no news.
            if mac == device.pointee.mac, node.pointee.settings.ipv6Forward, node.pointee.settings.proxyNDP,
                node.pointee.neighbours.isProxied(target, .ipv6, on: index)
            {
                return end(packet, .consumed)
            }
            updateNeighbour(
                handle, mac, isSolicited ? .reachable : .stale, override: header.isOverride, weak: true)
            node.pointee.neighbours.entries[Int(handle)].isRouter = header.isRouter
        }
        return end(packet, .consumed)
    }
}
