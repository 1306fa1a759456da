import HawseDataplane
import HawseModel
import HawseWire

extension Cluster {
    /// A pod sends an IP packet, and everything that happens at once because of it happens.
    public func send(_ packet: [UInt8], fromPod number: Int) {
        post(packet, fromPod: number)
        advance(to: now)
    }

    /// A pod sends an IP packet: the frame goes to the bridge, or straight to a pod of the same range. It is on its way
    /// when this returns.
    public func post(_ packet: [UInt8], fromPod number: Int) {
        let pod = plan.pods[number]
        guard let index = positions.node(named: pod.node) else { return }
        if nodes[index].isGone { return }
        if pod.isHostNetwork { return post(packet, fromNode: index) }
        guard let interface = nodes[index].dataplane.interfaceIndex(ClusterPlan.Device.veth(number)),
            let destination = PacketText.destination(packet)
        else { return }
        var target = PlanMAC.bridge(index)
        if let range = plan.nodes[index].podRange(destination.family), range.contains(destination),
            let other = positions.pod(at: destination), plan.pods[other].node == pod.node
        {
            target = PlanMAC.pod(other)
        }
        let frame = PacketText.frame(packet, from: PlanMAC.pod(number), to: target)
        onPost?(number, frame)
        events.push(.node(index, interface: interface, frame: frame), at: now)
    }

    /// A client behind the underlay's router sends an IP packet to a node.
    public func send(_ packet: [UInt8], fromOutsideTo index: Int) {
        post(packet, fromOutsideTo: index)
        advance(to: now)
    }

    /// The same, with the packet only on its way.
    public func post(_ packet: [UInt8], fromOutsideTo index: Int) {
        guard let interface = nodes[index].dataplane.interfaceIndex(ClusterPlan.Device.underlay) else { return }
        let frame = PacketText.frame(packet, from: PlanMAC.gateway, to: PlanMAC.underlay(index))
        onPostOutside?(index, frame)
        events.push(.node(index, interface: interface, frame: frame), at: now)
    }

    /// A process on a node sends an IP packet.
    public func send(_ packet: [UInt8], fromNode index: Int) {
        post(packet, fromNode: index)
        advance(to: now)
    }

    /// The same, with what comes of it only on its way.
    public func post(_ packet: [UInt8], fromNode index: Int) {
        if nodes[index].isGone { return }
        packet.withUnsafeBytes { nodes[index].dataplane.send($0, at: now) }
        collect(index)
    }

    public func setLink(node index: Int, _ quality: LinkQuality) {
        nodeLinks[index, default: (Link(), Link())].up.quality = quality
        nodeLinks[index, default: (Link(), Link())].down.quality = quality
    }
}

/// Frames around bare IP packets.
enum PacketText {
    static func destination(_ packet: [UInt8]) -> IPAddress? {
        guard let first = packet.first else { return nil }
        switch first >> 4 {
        case 4 where packet.count >= 20: return IPAddress(bytes: packet[16..<20])
        case 6 where packet.count >= 40: return IPAddress(bytes: packet[24..<40])
        default: return nil
        }
    }

    static func frame(_ packet: [UInt8], from source: MACAddress, to destination: MACAddress) -> [UInt8] {
        var frame: [UInt8] = []
        frame.reserveCapacity(packet.count + 14)
        for mac in [destination, source] {
            frame += (0..<6).map { UInt8(truncatingIfNeeded: mac.value >> (40 - 8 * UInt64($0))) }
        }
        frame += (packet.first ?? 0) >> 4 == 6 ? [0x86, 0xdd] : [0x08, 0x00]
        return frame + packet
    }
}
