import CNetlink
import HawseModel
import HawseWire

/// Addresses: `RTM_GETADDR`.
enum AddressReading {
    static func read(_ socket: OpaquePointer, _ names: [Int32: String], into spec: inout NodeSpec) throws(HostError) {
        var cache: OpaquePointer?
        try HostReading.check("rtnl_addr_alloc_cache", rtnl_addr_alloc_cache(socket, &cache))
        defer { nl_cache_free(cache) }
        for address in HostReading.objects(cache) {
            guard let name = names[rtnl_addr_get_ifindex(address)], let prefix = IPPrefix(rtnl_addr_get_local(address)),
                let index = spec.interfaces.firstIndex(where: { $0.name == name })
            else { continue }
            spec.interfaces[index].addresses.append(
                IPPrefix(prefix.address, length: min(Int(rtnl_addr_get_prefixlen(address)), prefix.family.bitCount)))
        }
    }
}
