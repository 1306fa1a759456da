import HawseModel
import HawseWire

/// What br_netfilter does with frames whose IP packet stands behind a VLAN tag or a PPPoE session's header. The kernel has the
/// tag beside the frame; here both stand in it, and `network` behind them while netfilter looks at the packet.
extension Walk {
    enum TagSight {
        case taken, refused
    }

    /// `is_vlan_ip`, `is_pppoe_ip` and their like, and `nf_bridge_pull_encap_header`: what rules may look at is made the packet.
    @inline(never)
    func lookBehindTags(_ packet: PacketRef) -> TagSight {
        voidRecording()
        var type = packet.pointee.etherType
        var at = 0
        if type == .vlan || type == .qinq {
            guard packet.length >= 6 else { return .taken }
            type = packet.networkPointer.loadEtherType(at: 2)
            at = 4
            // A second tag has to be there whole, whoever looks at it.
            if type == .vlan, packet.length < 8 { return .refused }
        }
        if type == .pppoe {
            guard packet.length >= at + 8 else { return .refused }
            guard node.pointee.settings.bridgeFiltersPPPoE else { return .taken }
            switch packet.networkPointer.loadBE16(at: at + 6) {
            case 0x0021: type = .ipv4
            case 0x0057: type = .ipv6
            default: return .taken
            }
            at += 8
        } else if at > 0, !node.pointee.settings.bridgeFiltersVLAN {
            return .taken
        }
        guard at > 0, isCalled(type) else { return .taken }
        packet.pointee.network += Int32(at)
        packet.pointee.etherType = type
        return .taken
    }

    /// Whether bridges hand packets of this kind to netfilter.
    private func isCalled(_ type: EtherType) -> Bool {
        type == .ipv4 ? node.pointee.settings.bridgeCallIPTables : type == .ipv6 && node.pointee.settings.bridgeCallIP6Tables
    }

    /// Whoever gets the frame next reads its tag or session himself.
    @inline(never)
    func lookAtTags(_ packet: PacketRef) {
        let type = packet.ethernet.etherType
        guard type == .vlan || type == .qinq || type == .pppoe, packet.pointee.network &- packet.pointee.mac > 14 else { return }
        packet.pointee.network = packet.pointee.mac &+ 14
        packet.pointee.etherType = type
    }

    /// `brnf_get_logical_dev`: the device on which rules see a frame come in.
    @inline(__always)
    func logicalDevice(_ packet: PacketRef, _ bridge: UInt16) -> UInt16 {
        node.pointee.settings.bridgePassesVLANDevice ? taggedDevice(packet, bridge) : bridge
    }

    @inline(never)
    private func taggedDevice(_ packet: PacketRef, _ bridge: UInt16) -> UInt16 {
        let tag = frontTag(packet)
        guard tag != 0 else { return bridge }
        return vlanDevice(bridge, packet.ethernet.etherType, UInt16(truncatingIfNeeded: tag & 0x0fff)) ?? bridge
    }

    /// The VLAN tag (TPID, TCI) in front of a frame's packet; 0 is none.
    @inline(never)
    func frontTag(_ packet: PacketRef) -> UInt32 {
        guard packet.pointee.mac >= 0, packet.pointee.network &- packet.pointee.mac >= 18 else { return 0 }
        let type = packet.ethernet.etherType
        guard type == .vlan || type == .qinq else { return 0 }
        return (packet.pointee.buffer + Int(packet.pointee.mac)).loadBE32(at: 12)
    }

    /// `nf_bridge_mtu_reduction`: bytes of a PPPoE session's header in front of the packet.
    @inline(__always)
    func sessionHeader(_ packet: PacketRef) -> Int {
        let front = packet.pointee.network &- packet.pointee.mac
        return front == 22 || front == 26 ? 8 : 0
    }
}

/// What stands between a frame's addresses and its packet: kept while a neighbour's address is written, which makes a header
/// of its own.
struct FrontBytes {
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private let count: Int

    init(_ packet: PacketRef) {
        count = min(16, Int(packet.pointee.network &- packet.pointee.mac) - 12)
        let header = packet.pointee.buffer + Int(packet.pointee.mac) + 12
        guard packet.pointee.mac >= 0, count > 2 else { return }
        withUnsafeMutableBytes(of: &first) { $0.baseAddress?.copyMemory(from: header, byteCount: min(8, count)) }
        guard count > 8 else { return }
        withUnsafeMutableBytes(of: &second) { $0.baseAddress?.copyMemory(from: header + 8, byteCount: count - 8) }
    }

    /// Behind an Ethernet header that was written anew, from whose addresses the bytes keep their distance.
    func putBack(_ packet: PacketRef) {
        guard count > 2, Int(packet.pointee.mac) >= count - 2 else { return }
        let old = packet.pointee.buffer + Int(packet.pointee.mac)
        let new = old - (count - 2)
        let addresses = (old.loadBE64(at: 0), old.loadBE32(at: 8))
        new.storeBE64(addresses.0, at: 0)
        new.storeBE32(addresses.1, at: 8)
        packet.pointee.mac -= Int32(count - 2)
        withUnsafeBytes(of: first) { (new + 12).copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(new), byteCount: min(8, count)) }
        guard count > 8 else { return }
        withUnsafeBytes(of: second) { (new + 20).copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(new), byteCount: count - 8) }
    }
}
