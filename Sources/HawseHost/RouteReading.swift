import CNetlink
import HawseModel
import HawseWire

/// Routes: `RTM_GETROUTE`. Those that follow from addresses (`proto kernel`) are left out, as `NodeSpec` wants it.
enum RouteReading {
    static func read(_ socket: OpaquePointer, _ names: [Int32: String]) throws(HostError) -> [Route] {
        var cache: OpaquePointer?
        try HostReading.check("rtnl_route_alloc_cache", rtnl_route_alloc_cache(socket, 0, 0, &cache))
        defer { nl_cache_free(cache) }
        return HostReading.objects(cache).compactMap { route($0, names) }
    }

    private static func route(_ object: OpaquePointer, _ names: [Int32: String]) -> Route? {
        let table = rtnl_route_get_table(object)
        guard rtnl_route_get_protocol(object) != 2, table != 255 else { return nil }  // RTPROT_KERNEL, local
        let kinds: [UInt8: Route.Kind] = [
            1: .unicast, 2: .local, 3: .broadcast, 5: .multicast, 6: .blackhole, 7: .unreachable, 8: .prohibit, 9: .throw,
        ]
        guard let kind = kinds[rtnl_route_get_type(object)] else { return nil }
        let family: AddressFamily = rtnl_route_get_family(object) == 10 ? .ipv6 : .ipv4
        var result = Route(kind: kind, destination: IPPrefix(rtnl_route_get_dst(object)) ?? .all(family))
        result.table = table
        result.metric = rtnl_route_get_priority(object)
        result.preferredSource = IPPrefix(rtnl_route_get_pref_src(object))?.address
        for number in 0..<max(0, rtnl_route_get_nnexthops(object)) {
            guard let hop = rtnl_route_nexthop_n(object, number) else { continue }
            let gateway = IPPrefix(rtnl_route_nh_get_gateway(hop))?.address
            let device = names[rtnl_route_nh_get_ifindex(hop)]
            if gateway == nil, device == nil { continue }
            result.nextHops.append(
                Route.NextHop(
                    gateway: gateway, device: device, weight: Int(rtnl_route_nh_get_weight(hop)) + 1,
                    onlink: rtnl_route_nh_get_flags(hop) & 4 != 0))  // RTNH_F_ONLINK
        }
        return result
    }
}
