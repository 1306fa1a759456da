import HawseModel
import HawseWire

/// The node's addresses for choosing a source from (`inet_select_addr`, `ipv6_dev_get_saddr`). Asked when a route is
/// made or a packet begins, not per forwarded packet.
struct SourceAddresses {
    struct Entry {
        var device: UInt16
        var bits: AddressBits
        var length: Int
        /// RT_SCOPE_*: 0 universe, 253 link, 254 host.
        var scope: UInt8
        /// In the subnet of an earlier address of the device (`IFA_F_SECONDARY`).
        var isSecondary: Bool
        /// The address the subnet's routes name as their source: itself unless it is secondary.
        var primary: AddressBits
        var isUp: Bool
    }

    var ipv4: [Entry] = []
    var ipv6: [Entry] = []
    private var localnetDevices: Set<UInt16> = []
    /// The latest answer of `masquerade4`; device 0: none yet.
    private(set) var latest: (device: UInt16, nextHop: AddressBits, address: AddressBits) = (0, .zero, .zero)

    init(_ interfaces: InterfaceTable) {
        for index in 1..<UInt16(interfaces.count) {
            let interface = interfaces[index].pointee
            if interface.routeLocalnet { localnetDevices.insert(index) }
            for prefix in interfaces.addresses[Int(index)] where prefix.family == .ipv4 {
                let bits = prefix.address.bits
                let first = ipv4.first {
                    $0.device == index && !$0.isSecondary && $0.length == prefix.length
                        && ($0.bits ^ bits) & prefix.mask == .zero
                }
                ipv4.append(
                    Entry(
                        device: index, bits: bits, length: prefix.length, scope: prefix.address.isLoopback ? 254 : 0,
                        isSecondary: first != nil, primary: first?.bits ?? bits, isUp: interface.isUp))
            }
            // `ipv6_link_dev_addr` sorts by scope, widest first, and the newest first within a scope.
            let six = interfaces.addresses[Int(index)].reversed().filter { $0.family == .ipv6 }
            let ordered =
                six.filter { !$0.address.isLinkLocal && !$0.address.isLoopback } + six.filter { $0.address.isLinkLocal }
                + six.filter { $0.address.isLoopback }
            for prefix in ordered {
                ipv6.append(
                    Entry(
                        device: index, bits: prefix.address.bits, length: prefix.length,
                        scope: prefix.address.isLinkLocal ? 253 : prefix.address.isLoopback ? 254 : 0,
                        isSecondary: false, primary: prefix.address.bits, isUp: interface.isUp))
            }
        }
    }

    /// `inet_select_addr`; zero when the node has none that fits.
    func select4(on device: UInt16, near destination: AddressBits = .zero, scope: UInt8 = 0) -> AddressBits {
        let localnetScope: UInt8 = localnetDevices.contains(device) ? 254 : 253
        var first: AddressBits?
        for entry in ipv4 where entry.device == device {
            if entry.isSecondary || min(entry.scope, localnetScope) > scope { continue }
            let mask = AddressBits.mask(prefixLength: entry.length, family: .ipv4)
            if destination.isZero || (entry.bits ^ destination) & mask == .zero { return entry.bits }
            if first == nil { first = entry.bits }
        }
        if let first { return first }
        for entry in ipv4 where entry.device != device && !entry.isSecondary && entry.scope != 253 && entry.scope <= scope {
            return entry.bits
        }
        return .zero
    }

    /// `select4`, asked again and again for the same next hop by a node that masquerades.
    @inline(__always)
    mutating func masquerade4(on device: UInt16, near nextHop: AddressBits) -> AddressBits {
        if latest.device == device, latest.nextHop == nextHop { return latest.address }
        latest = (device, nextHop, select4(on: device, near: nextHop))
        return latest.address
    }

    /// `ipv6_dev_get_saddr`: RFC 6724's rules in the kernel's order.
    func select6(on device: UInt16, for destination: AddressBits) -> AddressBits? {
        let target = IPAddress(family: .ipv6, bits: destination)
        let targetScope = Self.scope6(destination)
        // Multicast and link-local destinations take an address of the device itself.
        let onlyDevice = device != 0 && (target.isMulticast || targetScope <= 2)
        var best: Entry?
        for entry in ipv6 {
            if onlyDevice && entry.device != device { continue }
            if let current = best {
                if Self.isBetter(entry, than: current, destination, targetScope, device) { best = entry }
            } else {
                best = entry
            }
        }
        return best?.bits
    }

    private static func isBetter(
        _ a: Entry, than b: Entry, _ destination: AddressBits, _ targetScope: Int, _ device: UInt16
    ) -> Bool {
        if (a.bits == destination) != (b.bits == destination) { return a.bits == destination }
        let (scopeA, scopeB) = (scope6(a.bits), scope6(b.bits))
        if scopeA != scopeB {
            // Rule 2: the smallest scope that is large enough, else the largest.
            func rank(_ scope: Int) -> Int { scope >= targetScope ? -scope : scope - 128 }
            return rank(scopeA) > rank(scopeB)
        }
        if (a.device == device) != (b.device == device) { return a.device == device }
        let label = Self.label6(destination)
        let (matchA, matchB) = (label6(a.bits) == label, label6(b.bits) == label)
        if matchA != matchB { return matchA }
        func common(_ e: Entry) -> Int {
            let different = e.bits ^ destination
            let bits =
                different.high != 0 ? different.high.leadingZeroBitCount : 64 + different.low.leadingZeroBitCount
            return min(bits, e.length)
        }
        return common(a) > common(b)
    }

    /// `__ipv6_addr_src_scope`: 1 node, 2 link, 5 site, 14 global; multicast says it itself.
    static func scope6(_ bits: AddressBits) -> Int {
        let address = IPAddress(family: .ipv6, bits: bits)
        if bits.isZero { return -1 }
        if address.isMulticast { return Int(bits.high >> 48 & 15) }
        if address.isLoopback || address.isLinkLocal { return 2 }
        if bits.high >> 54 == 0x3fb { return 5 }
        return 14
    }

    /// `ip6addrlbl_init_table`.
    static func label6(_ bits: AddressBits) -> Int {
        if bits.high == 0 && bits.low == 1 { return 0 }
        if bits.high == 0 && bits.low >> 32 == 0xffff { return 4 }
        if bits.high == 0 && bits.low >> 32 == 0 { return 3 }
        switch bits.high >> 48 {
        case 0x2002: return 2
        case 0x3ffe: return 12
        default: break
        }
        if bits.high >> 32 == 0x2001_0000 { return 6 }
        if bits.high >> 36 == 0x2001_001 { return 7 }
        if bits.high >> 57 == 0x7e { return 5 }
        if bits.high >> 54 == 0x3fb { return 11 }
        return 1
    }
}
