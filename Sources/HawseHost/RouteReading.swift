import CNetlink
import HawseModel
import HawseWire

/// Routes: `RTM_GETROUTE` (`rtmsg`). Those that follow from addresses are left out, as `NodeSpec` wants it.
enum RouteReading {
    static func read(
        _ socket: borrowing NetlinkSocket, _ names: [Int32: String], into spec: inout NodeSpec, _ notes: inout [String]
    ) throws(HostError) {
        for family in [UInt8(AF_INET), UInt8(AF_INET6)] {
            for message in try socket.dump(RTM_GETROUTE, [family] + Array(repeating: 0, count: 11), headerLength: 12) {
                // A cached route (RTM_F_CLONED) is no route of the tables.
                guard message.integer(8, UInt32.self) & 0x200 == 0, let route = route(message, names) else { continue }
                let byKernel = message.byte(5) == 2  // RTPROT_KERNEL
                if spec.isDerived(route, byKernel: byKernel) || spec.routes.contains(route) { continue }
                if message.attributes.bytes(Int(RTA_ENCAP.rawValue)) != nil {
                    notes.append("route to \(route.destination) encapsulates: that is not computed")
                }
                spec.routes.append(route)
            }
        }
    }

    private static func route(_ message: NetlinkMessage, _ names: [Int32: String]) -> Route? {
        let kinds: [UInt8: Route.Kind] = [
            1: .unicast, 2: .local, 3: .broadcast, 4: .local, 5: .multicast, 6: .blackhole, 7: .unreachable, 8: .prohibit, 9: .throw,
        ]
        guard let family = AddressFamily(netlink: message.byte(0)), let kind = kinds[message.byte(7)] else { return nil }
        let attributes = message.attributes
        let destination = attributes.address(Int(RTA_DST.rawValue)) ?? .unspecified(family)
        var route = Route(kind: kind, destination: IPPrefix(destination, length: min(Int(message.byte(1)), family.bitCount)))
        route.table = attributes.integer(Int(RTA_TABLE.rawValue)) ?? UInt32(message.byte(4))
        route.metric = attributes.integer(Int(RTA_PRIORITY.rawValue)) ?? 0
        route.preferredSource = attributes.address(Int(RTA_PREFSRC.rawValue))
        route.tos = message.byte(3)
        route.realm = attributes.integer(Int(RTA_FLOW.rawValue)) ?? 0
        if let metrics = attributes.nested(Int(RTA_METRICS.rawValue)) {
            route.mtu = metrics.integer(RTAX_MTU, UInt32.self).map { Int($0) } ?? 0
            route.isMTULocked = (metrics.integer(RTAX_LOCK, UInt32.self) ?? 0) & 1 << UInt32(RTAX_MTU) != 0
        }
        if [.unreachable, .prohibit, .blackhole, .throw].contains(kind) { return route }
        if let hops = attributes.bytes(Int(RTA_MULTIPATH.rawValue)) {
            route.nextHops = self.hops(hops, names)
        } else if let hop = hop(attributes, device: attributes.integer(Int(RTA_OIF.rawValue), Int32.self), names) {
            var hop = hop
            hop.onlink = message.integer(8, UInt32.self) & UInt32(RTNH_F_ONLINK) != 0
            route.nextHops = [hop]
        }
        return route
    }

    /// `rtnexthop`s, each with attributes of its own.
    private static func hops(_ bytes: [UInt8], _ names: [Int32: String]) -> [Route.NextHop] {
        var hops: [Route.NextHop] = []
        var rest = bytes[...]
        while rest.count >= 8 {
            let (length, flags, weight, device) = rest.withUnsafeBytes {
                (Int($0.loadUnaligned(as: UInt16.self)), $0[2], Int($0[3]) + 1, $0.loadUnaligned(fromByteOffset: 4, as: Int32.self))
            }
            guard length >= 8, length <= rest.count else { break }
            if var hop = hop(NetlinkAttributes(Array(rest.dropFirst(8).prefix(length - 8))), device: device, names) {
                hop.weight = weight
                hop.onlink = flags & UInt8(RTNH_F_ONLINK) != 0
                hops.append(hop)
            }
            rest = rest.dropFirst((length + 3) & ~3)
        }
        return hops
    }

    private static func hop(_ attributes: NetlinkAttributes, device: Int32?, _ names: [Int32: String]) -> Route.NextHop? {
        // RTA_VIA: a gateway of the other family, behind two bytes that name it.
        let via = attributes.bytes(Int(RTA_VIA.rawValue)).flatMap { IPAddress(bytes: $0.dropFirst(2)) }
        let gateway = attributes.address(Int(RTA_GATEWAY.rawValue)) ?? via
        let name = device.flatMap { names[$0] }
        return gateway == nil && name == nil ? nil : Route.NextHop(gateway: gateway, device: name)
    }
}
