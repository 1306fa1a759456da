import CNetlink
import HawseModel
import HawseWire

/// Addresses: `RTM_GETADDR` (`ifaddrmsg`).
enum AddressReading {
    static func read(_ socket: borrowing NetlinkSocket, _ names: [Int32: String], into spec: inout NodeSpec) throws(HostError) {
        for message in try socket.dump(RTM_GETADDR, Array(repeating: 0, count: 8), headerLength: 8) {
            guard let name = names[message.integer(4, Int32.self)], let index = spec.interfaces.firstIndex(where: { $0.name == name }),
                let address = message.attributes.address(IFA_LOCAL) ?? message.attributes.address(IFA_ADDRESS)
            else { continue }
            let length = min(Int(message.byte(1)), address.family.bitCount)
            guard let peer = message.attributes.address(IFA_ADDRESS), peer != address else {
                spec.interfaces[index].addresses.append(IPPrefix(address, length: length))
                continue
            }
            // Point-to-point: the other end is a route of its own.
            spec.interfaces[index].addresses.append(IPPrefix(address, length: address.family.bitCount))
            if peer.family == .ipv4 {
                spec.routes.append(
                    Route(destination: IPPrefix(peer, length: length).network, nextHops: [.init(device: name)], preferredSource: address))
            }
        }
    }
}
