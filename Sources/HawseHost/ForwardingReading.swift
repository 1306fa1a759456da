import CNetlink
import HawseModel
import HawseWire

/// Forwarding entries of bridges and VXLAN devices: `RTM_GETNEIGH` of the bridge family.
enum ForwardingReading {
    static func read(_ socket: borrowing NetlinkSocket, _ names: [Int32: String], into spec: inout NodeSpec) throws(HostError) {
        let request = [UInt8(AF_BRIDGE)] + [UInt8](repeating: 0, count: 11)
        for message in try socket.dump(RTM_GETNEIGH, request, headerLength: 12) {
            let attributes = message.attributes
            guard let device = names[message.integer(4, Int32.self)], let mac = attributes.mac(NDA_LLADDR) else { continue }
            var entry = ForwardingEntry(mac: mac, device: device)
            entry.destination = attributes.address(NDA_DST)
            entry.port = attributes.bytes(NDA_PORT).map { $0.reduce(0) { $0 << 8 | UInt16($1) } }  // network byte order
            entry.vni = attributes.integer(NDA_VNI)
            entry.via = attributes.integer(NDA_IFINDEX, Int32.self).flatMap { names[$0] }
            entry.vlan = attributes.integer(NDA_VLAN, UInt16.self)
            entry.isMaster = attributes.bytes(NDA_MASTER) != nil && message.byte(10) & UInt8(NTF_SELF) == 0
            entry.isLocal = entry.isMaster && message.integer(8, UInt16.self) & UInt16(NUD_PERMANENT) != 0
            if !spec.isDerived(entry) { spec.forwarding.append(entry) }
        }
    }
}
