import HawseModel
import HawseWire

extension Walk {
    /// `neigh_probe`: asks once for a neighbour (`arp_solicit`, `ndisc_solicit`).
    func solicit(_ handle: Int32) {
        let neighbour = node.pointee.neighbours.entries + Int(handle)
        let waiting = node.pointee.neighbours.queues[handle]?.last
        let settings = node.pointee.neighbours.parameters(neighbour.pointee)
        let isSix = neighbour.pointee.version == 6
        let probes = neighbour.pointee.probes
        let isUnicast = probes < settings.unicastProbes
        neighbour.pointee.probes &+= 1
        // Then a program in user space is asked, if any are to be: nobody is there.
        if !isUnicast, probes &- settings.unicastProbes < settings.applicationProbes { return }
        if isSix {
            solicit6(neighbour.pointee, waiting: waiting, isUnicast: isUnicast)
            return
        }
        let device = node.pointee.interfaces[neighbour.pointee.device]
        let target = neighbour.pointee.address
        let source = announcedSource(target, device, waiting: waiting)
        sendARP(
            .init(
                operation: ARPHeader.request, device: neighbour.pointee.device,
                to: isUnicast ? neighbour.pointee.mac : .broadcast, senderAddress: source.ipv4, targetMAC: .zero,
                targetAddress: target.ipv4), causedBy: waiting)
    }

    /// `arp_announce`: which of our addresses a request names as the sender's.
    private func announcedSource(
        _ target: AddressBits, _ device: UnsafeMutablePointer<Interface>, waiting: PacketRef?
    ) -> AddressBits {
        if let waiting, waiting.isIPv4, device.pointee.arpAnnounce < 2 {
            let source = waiting.sourceBits
            if addressKind(source, family: .ipv4, on: 0) == .local,
                device.pointee.arpAnnounce == 0 || areOnLink(target, source, device.pointee.index)
            {
                return source
            }
        }
        return node.pointee.routing.sources.select4(on: device.pointee.index, near: target, scope: 253)
    }

    /// `arp_filter`: no answer on a device by which packets to the asker would not leave.
    private func filtersARP(_ device: UnsafeMutablePointer<Interface>, _ arp: ARPHeader) -> Bool {
        guard device.pointee.arpFilter else { return false }
        let route = lookupOutput(
            family: .ipv4, source: AddressBits(ipv4: arp.targetAddress), destination: AddressBits(ipv4: arp.senderAddress),
            mark: 0, tos: 0, out: 0, anySource: false)
        return !isUsable(route) || route.outInterface != device.pointee.index
    }

    /// `inet_addr_onlink`: both lie in one subnet of the device.
    func areOnLink(_ a: AddressBits, _ b: AddressBits, _ device: UInt16) -> Bool {
        node.pointee.routing.sources.ipv4.contains {
            let mask = AddressBits.mask(prefixLength: $0.length, family: .ipv4)
            return $0.device == device && (a ^ $0.bits) & mask == .zero && (b ^ $0.bits) & mask == .zero
        }
    }

    struct ARPMessage {
        var operation: UInt16
        var device: UInt16
        var to: MACAddress
        var senderAddress: UInt32
        var targetMAC: MACAddress
        var targetAddress: UInt32
    }

    /// `arp_send_dst`.
    func sendARP(_ message: ARPMessage, causedBy parent: PacketRef?) {
        guard let packet = newPacket(bytes: 28) else { return }
        let device = node.pointee.interfaces[message.device]
        let arp = ARPHeader(packet.networkPointer)
        arp.hardwareType = 1
        arp.protocolType = .ipv4
        arp.hardwareLength = 6
        arp.protocolLength = 4
        arp.operation = message.operation
        arp.senderMAC = device.pointee.mac
        arp.senderAddress = message.senderAddress
        arp.targetMAC = message.targetMAC
        arp.targetAddress = message.targetAddress
        packet.pointee.mac = packet.pointee.network - 14
        packet.ethernet.destination = message.to
        packet.ethernet.source = device.pointee.mac
        packet.ethernet.etherType = .arp
        packet.pointee.etherType = .arp
        packet.pointee.packetType = .outgoing
        packet.pointee.flags.insert([.local, .hasEthernet])
        packet.pointee.outInterface = message.device
        sendNow(packet, causedBy: parent, stage: .transmit)
    }

    /// An ARP message has come in (`arp_rcv`).
    func arpReceive(_ packet: PacketRef) -> Stage {
        let device = node.pointee.interfaces[packet.pointee.inInterface]
        switch device.pointee.kind {
        case .loopback, .tun, .ipip, .dummy: return drop(packet, .arpIgnored)
        default: break
        }
        if packet.pointee.packetType == .otherHost || packet.pointee.packetType == .loopback {
            return drop(packet, .notForUs)
        }
        guard packet.length >= 28 else { return drop(packet, .arpMalformed) }
        let arp = ARPHeader(packet.networkPointer)
        guard arp.hardwareLength == 6, arp.protocolLength == 4, arp.hardwareType == 1 || arp.hardwareType == 6,
            arp.protocolType == .ipv4, arp.operation == ARPHeader.request || arp.operation == ARPHeader.reply
        else { return drop(packet, .arpMalformed) }
        return arpProcess(packet, arp, device)
    }

    /// `arp_process`.
    private func arpProcess(
        _ packet: PacketRef, _ arp: ARPHeader, _ device: UnsafeMutablePointer<Interface>
    ) -> Stage {
        let sender = arp.senderAddress
        let target = arp.targetAddress
        if target >> 28 == 0xe || (target >> 24 == 127 && !device.pointee.routeLocalnet) {
            return drop(packet, .arpIgnored)
        }
        if sender == target, device.pointee.dropsGratuitousARP { return drop(packet, .arpIgnored) }
        let isRequest = arp.operation == ARPHeader.request
        if sender == 0 {
            // Duplicate address detection (RFC 2131).
            if isRequest, addressKind(AddressBits(ipv4: target), family: .ipv4, on: 0) == .local,
                !ignoresARP(device, sender, target)
            {
                answerARP(packet, arp)
            }
            return end(packet, .consumed)
        }
        if isRequest, let stage = arpRequest(packet, arp, device) { return stage }
        learnARP(packet, arp, device)
        return end(packet, .consumed)
    }

    /// A request: answered when it is for one of our addresses or for one that we stand in for; `nil`: nobody here.
    private func arpRequest(
        _ packet: PacketRef, _ arp: ARPHeader, _ device: UnsafeMutablePointer<Interface>
    ) -> Stage? {
        let target = AddressBits(ipv4: arp.targetAddress)
        let route = arpRoute(packet, arp)
        if route.kind == .local {
            if !ignoresARP(device, arp.senderAddress, arp.targetAddress), !filtersARP(device, arp) {
                if sawSender(arp, device) { answerARP(packet, arp) }
            }
            return end(packet, .consumed)
        }
        guard device.pointee.forwarding4, route.kind == .unicast else { return nil }
        if route.outInterface == device.pointee.index {
            guard device.pointee.proxyPrivateVLAN, arp.senderAddress != arp.targetAddress else { return nil }
        } else {
            guard (device.pointee.proxyARP && isOtherMedium(device, route.outInterface)) || node.pointee.neighbours.isProxied(target, .ipv4, on: device.pointee.index)
            else { return nil }
        }
        _ = sawSender(arp, device)
        if let stage = delayForProxy(packet, .ipv4) { return stage }
        answerARP(packet, arp)
        return end(packet, .consumed)
    }

    /// `arp_fwd_proxy`'s look at `medium_id`.
    private func isOtherMedium(_ device: UnsafeMutablePointer<Interface>, _ out: UInt16) -> Bool {
        let medium = device.pointee.medium
        if medium == 0 || medium == -1 { return medium == 0 }
        let other = node.pointee.interfaces[out].pointee.medium
        return other != medium && other != -1
    }

    /// `ip_route_input` with the addresses of the ARP message.
    private func arpRoute(_ packet: PacketRef, _ arp: ARPHeader) -> RouteResult {
        var question = RouteQuestion(
            destination: AddressBits(ipv4: arp.targetAddress), source: AddressBits(ipv4: arp.senderAddress),
            mark: packet.pointee.mark, inInterface: packet.pointee.inInterface)
        if node.pointee.routing.tables4.hasMultipath {
            // The kernel takes the message for an IP header: addresses are what stands in their places.
            let keys = MultipathKeys(
                source: AddressBits(ipv4: packet.networkPointer.loadBE32(at: 12)),
                destination: AddressBits(ipv4: packet.networkPointer.loadBE32(at: 16)), isIPv4: true)
            question.hash = keys.hash(node.pointee.routing.multipathKey)
        }
        return inputRoute4(nil, question)
    }

    /// `neigh_event_ns`: whoever asks us is worth remembering.
    private func sawSender(_ arp: ARPHeader, _ device: UnsafeMutablePointer<Interface>) -> Bool {
        let handle = neighbourEntry(AddressBits(ipv4: arp.senderAddress), device.pointee.index, version: 4)
        guard handle >= 0 else { return false }
        updateNeighbour(handle, arp.senderMAC, .stale, override: true)
        return true
    }

    private func answerARP(_ packet: PacketRef, _ arp: ARPHeader) {
        sendARP(
            .init(
                operation: ARPHeader.reply, device: packet.pointee.inInterface, to: arp.senderMAC,
                senderAddress: arp.targetAddress, targetMAC: arp.senderMAC, targetAddress: arp.senderAddress),
            causedBy: packet)
    }

    /// `arp_ignore`.
    private func ignoresARP(_ device: UnsafeMutablePointer<Interface>, _ sender: UInt32, _ target: UInt32) -> Bool {
        let index = device.pointee.index
        let sources = node.pointee.routing.sources
        let own = sources.ipv4.first { $0.device == index && $0.bits.ipv4 == target }
        switch device.pointee.arpIgnore {
        case 0: return false
        case 1: return own == nil
        case 2:
            return own == nil
                || (sender != 0 && !areOnLink(AddressBits(ipv4: target), AddressBits(ipv4: sender), index))
        case 3: return !sources.ipv4.contains { $0.bits.ipv4 == target && $0.scope <= 253 }
        case 8: return true
        default: return false
        }
    }

    /// What a message teaches about its sender when nobody answered it.
    private func learnARP(_ packet: PacketRef, _ arp: ARPHeader, _ device: UnsafeMutablePointer<Interface>) {
        let sender = AddressBits(ipv4: arp.senderAddress)
        var handle = node.pointee.neighbours.find(sender, device.pointee.index, version: 4)
        let isGratuitous = isGratuitousARP(arp)
        if handle < 0, acceptsARP(device, sender) {
            let isReply = arp.operation == ARPHeader.reply
            guard isGratuitous || (isReply && addressKind(sender, family: .ipv4, on: 0) == .unicast) else { return }
            handle = neighbourEntry(sender, device.pointee.index, version: 4)
        }
        guard handle >= 0 else { return }
        let lockTime = node.pointee.neighbours.settings.of(device.pointee.index, version: 4).lockTime
        let updated = node.pointee.neighbours.entries[Int(handle)].updated
        let override = node.pointee.now > updated + lockTime || isGratuitous
        let isSolicited = arp.operation == ARPHeader.reply && packet.pointee.packetType == .host
        updateNeighbour(handle, arp.senderMAC, isSolicited ? .reachable : .stale, override: override)
    }

    /// `arp_accept`: 1 any, 2 of the device's own networks.
    private func acceptsARP(_ device: UnsafeMutablePointer<Interface>, _ sender: AddressBits) -> Bool {
        switch device.pointee.arpAccept {
        case 1: true
        case 2: areOnLink(sender, sender, device.pointee.index)
        default: false
        }
    }

    /// `arp_is_garp`.
    private func isGratuitousARP(_ arp: ARPHeader) -> Bool {
        guard arp.targetAddress == arp.senderAddress else { return false }
        if arp.operation == ARPHeader.reply, arp.targetMAC != arp.senderMAC { return false }
        return addressKind(AddressBits(ipv4: arp.senderAddress), family: .ipv4, on: 0) == .unicast
    }
}
