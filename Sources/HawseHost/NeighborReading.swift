import CNetlink
import HawseModel
import HawseWire

/// Neighbours: `RTM_GETNEIGH`. Entries whose MAC is known, whatever their state.
enum NeighborReading {
    static func read(_ socket: OpaquePointer, _ names: [Int32: String]) throws(HostError) -> [Neighbor] {
        var cache: OpaquePointer?
        try HostReading.check("rtnl_neigh_alloc_cache", rtnl_neigh_alloc_cache(socket, &cache))
        defer { nl_cache_free(cache) }
        return HostReading.objects(cache).compactMap { object in
            guard let device = names[rtnl_neigh_get_ifindex(object)],
                let address = IPPrefix(rtnl_neigh_get_dst(object))?.address,
                let mac = MACAddress(rtnl_neigh_get_lladdr(object)), !address.isMulticast
            else { return nil }
            return Neighbor(address: address, mac: mac, device: device)
        }
    }
}
