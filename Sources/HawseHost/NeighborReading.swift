import CNetlink
import HawseModel
import HawseWire

/// Neighbours: `RTM_GETNEIGH` (`ndmsg`). Entries whose MAC is known, whatever their state, and proxies.
enum NeighborReading {
    static func read(_ socket: borrowing NetlinkSocket, _ names: [Int32: String], into spec: inout NodeSpec) throws(HostError) {
        for isProxy in [false, true] {
            var request = [UInt8](repeating: 0, count: 12)
            if isProxy { request[10] = UInt8(NTF_PROXY) }
            for message in try socket.dump(RTM_GETNEIGH, request, headerLength: 12) {
                guard AddressFamily(netlink: message.byte(0)) != nil, let device = names[message.integer(4, Int32.self)],
                    let address = message.attributes.address(NDA_DST)
                else { continue }
                if isProxy {
                    spec.neighbors.append(Neighbor(address: address, mac: nil, device: device, isProxy: true))
                } else if !address.isMulticast, let mac = message.attributes.mac(NDA_LLADDR),
                    spec.interfaces.first(where: { $0.name == device })?.kind != .loopback
                {
                    spec.neighbors.append(Neighbor(address: address, mac: mac, device: device))
                }
            }
        }
    }
}
