import CNetlink
import HawseModel
import HawseWire

/// Why the running host could not be read.
public struct HostError: Error, Hashable, Sendable, CustomStringConvertible {
    public var operation: String
    public var reason: String
    public var description: String { "\(operation): \(reason)" }
}

/// The network of the running host (its network namespace) as a `NodeSpec`: links, addresses, routes, neighbours. Rules,
/// sets and virtual servers come from their own tools' dumps.
///
/// Reads only; needs no privilege.
public enum HostReading {
    public static func nodeSpec(name: String = "host") throws(HostError) -> NodeSpec {
        guard let socket = nl_socket_alloc() else { throw HostError(operation: "nl_socket_alloc", reason: "out of memory") }
        defer { nl_socket_free(socket) }
        try check("nl_connect", nl_connect(socket, 0))  // NETLINK_ROUTE
        var spec = NodeSpec(name: name)
        let links = try LinkReading.read(socket)
        spec.interfaces = links.map(\.spec)
        let names = Dictionary(links.map { ($0.index, $0.spec.name) }, uniquingKeysWith: { first, _ in first })
        try AddressReading.read(socket, names, into: &spec)
        spec.routes = try RouteReading.read(socket, names)
        spec.neighbors = try NeighborReading.read(socket, names)
        return spec
    }

    static func check(_ operation: String, _ result: Int32) throws(HostError) {
        if result < 0 { throw HostError(operation: operation, reason: String(cString: nl_geterror(result))) }
    }

    /// Every object of a cache, in the kernel's order.
    static func objects(_ cache: OpaquePointer?) -> [OpaquePointer] {
        var found: [OpaquePointer] = []
        var next = nl_cache_get_first(cache)
        while let object = next {
            found.append(object)
            next = nl_cache_get_next(object)
        }
        return found
    }
}

extension IPPrefix {
    /// From libnl's address, which carries its own prefix length; `nil` for other families.
    init?(_ address: OpaquePointer?) {
        guard let address, let bytes = nl_addr_get_binary_addr(address) else { return nil }
        let count = Int(nl_addr_get_len(address))
        guard count == 4 || count == 16, let value = IPAddress(bytes: UnsafeRawBufferPointer(start: bytes, count: count))
        else { return nil }
        let length = Int(nl_addr_get_prefixlen(address))
        self.init(value, length: min(max(length, 0), value.family.bitCount))
    }
}

extension MACAddress {
    init?(_ address: OpaquePointer?) {
        guard let address, nl_addr_get_len(address) == 6, let bytes = nl_addr_get_binary_addr(address) else { return nil }
        self.init(UnsafeRawBufferPointer(start: bytes, count: 6).reduce(0) { $0 << 8 | UInt64($1) })
    }
}
