import HawseModel
import HawseWire

/// A device as the walk sees it (`struct net_device`, `in_device`, `inet6_dev`). Trivial.
struct Interface {
    enum Kind: UInt8 { case ether, veth, dummy, loopback, bridge, vxlan, vlan, ipip, tun }

    var index: UInt16
    var kind: Kind
    var isUp: Bool
    var mac: MACAddress
    var mtu: Int
    var group: UInt32
    /// The bridge this is a port of; 0: none.
    var master: UInt16 = 0
    var hairpin = false
    /// How the port behaves (`BR_LEARNING`, `BR_FLOOD`, …).
    var port = BridgePort()
    /// VLAN sub-interface: its parent and identifier.
    var parent: UInt16 = 0
    var vlan: UInt16 = 0
    /// The EtherType of a VLAN's tags; of those that a bridge filters by, 0 where it does not.
    var tagProtocol = EtherType(rawValue: 0)
    /// Bridges: `group_fwd_mask`.
    var forwardedGroups: UInt16 = 0
    /// Bridges: `mcast_snooping`.
    var snoops = false
    /// ipip: the tunnel's ends, and what `IPIPSpec` says besides.
    var tunnelLocal: AddressBits = .zero
    var tunnelRemote: AddressBits = .zero
    var tunnelTTL: UInt8 = 0
    var tunnelTOS: UInt8 = 0
    var tunnelSetsDF = true
    /// Errors about outer packets that have come back and nobody has been told of (`ip_tunnel.err_count`), and the last.
    var tunnelErrors = 0
    var tunnelErrorTime: Instant = .zero

    // net.ipv4.conf.<dev>.*, with `all` merged in as the kernel merges it for each key
    var forwarding4 = true
    var forwarding6 = true
    var rpFilter: UInt8 = 0
    var arpIgnore: UInt8 = 0
    var arpAnnounce: UInt8 = 0
    var proxyARP = false
    var proxyNDP = false
    var sendRedirects = true
    var routeLocalnet = false
    var acceptLocal = false
    var arpAccept: UInt8 = 0
    var arpFilter = false
    /// `arp_notify`, and for IPv6 `ndisc_notify`.
    var notifiesARP = false
    var notifiesNeighbours = false
    var proxyPrivateVLAN = false
    var dropsGratuitousARP = false
    var hasSharedMedia = true
    var forwardsBroadcast = false
    var sourceMark = false
    var acceptsRedirects = false
    var secureRedirects = true
    var dropsUnicastInMulticast = false
    var logMartians = false
    var acceptSourceRoute = false

    // net.ipv6.conf.<dev>.*
    /// The device speaks IPv6: its MTU is large enough, and `disable_ipv6` is off.
    var speaksIPv6 = true
    /// Bytes: `mtu`, which IPv6 keeps by itself.
    var mtu6 = 0
    var hopLimit: UInt8 = 64
    var acceptsRedirects6 = false
    var dropsUnicastInMulticast6 = false
    var dropsUnsolicited = false
    /// `force_forwarding`, `force_tllao`, `ndisc_tclass`.
    var forwardsAnyway6 = false
    var givesLinkAddress = false
    var discoveryClass: UInt8 = 0
    /// `medium_id` of IPv4: proxies do not answer for what is on the same medium; -1: they do not answer at all.
    var medium: Int32 = 0
    var suppressesFragmentedDiscovery = true
    /// `accept_untracked_na`.
    var acceptsUntracked: UInt8 = 0

    var received = Counters()
    var transmitted = Counters()

    @inline(__always)
    static func received(_ device: UnsafeMutablePointer<Interface>) -> UnsafeMutablePointer<Counters> {
        (UnsafeMutableRawPointer(device) + MemoryLayout<Interface>.offset(of: \.received)!)
            .assumingMemoryBound(to: Counters.self)
    }

    @inline(__always)
    static func transmitted(_ device: UnsafeMutablePointer<Interface>) -> UnsafeMutablePointer<Counters> {
        (UnsafeMutableRawPointer(device) + MemoryLayout<Interface>.offset(of: \.transmitted)!)
            .assumingMemoryBound(to: Counters.self)
    }
}

/// The node's devices; index 0 is unused, so that 0 can mean none.
struct InterfaceTable {
    private(set) var base: UnsafeMutablePointer<Interface>
    private(set) var count: Int
    private(set) var names: [String]
    /// Addresses per interface, in the order added.
    private(set) var addresses: [[IPPrefix]]
    private var indexByName: [String: UInt16]
    let loopback: UInt16
    /// There are IPv4-in-IPv4 tunnels.
    private(set) var hasTunnels = false

    private var runsIPv6 = false
    /// `IPV6_MIN_MTU`: devices that take less do not speak IPv6.
    private static let leastMTU6 = 1280

    /// The addresses that a device is to have, and the link-local one that it gave itself when it came up. `given`: what it was
    /// given before.
    mutating func setAddresses(of spec: InterfaceSpec, _ index: UInt16, _ sysctls: Sysctls, given: [IPPrefix]) {
        let itsOwn = addresses[Int(index)].filter { !given.contains($0) }
        let keeps = spec.isUp && spec.mtu >= Self.leastMTU6 && !sysctls.disablesIPv6(spec.name)
        addresses[Int(index)] = spec.addresses + (keeps ? itsOwn : [])
        if runsIPv6, itsOwn.isEmpty { addLinkLocal(spec, index, sysctls) }
    }

    /// `lo` is added in front when the spec has none, as every network namespace has it.
    init(_ specs: [InterfaceSpec], sysctls: Sysctls) {
        var all = specs
        if !all.contains(where: { $0.kind == .loopback }) {
            all.insert(
                InterfaceSpec(
                    name: "lo", kind: .loopback, mtu: 65536,
                    addresses: [IPPrefix(IPAddress(ipv4: 0x7f00_0001), length: 8), IPPrefix(IPAddress(ipv6High: 0, low: 1), length: 128)]),
                at: 0)
        }
        count = all.count + 1
        base = .allocate(capacity: count)
        names = [""] + all.map(\.name)
        addresses = [[]] + all.map(\.addresses)
        indexByName = [:]
        for (offset, spec) in all.enumerated() { indexByName[spec.name] = UInt16(offset + 1) }
        var loopback: UInt16 = 0
        runsIPv6 = Self.runsIPv6(all, sysctls)
        base.initialize(to: Interface(index: 0, kind: .dummy, isUp: false, mac: .zero, mtu: 0, group: 0))
        for (offset, spec) in all.enumerated() {
            let index = UInt16(offset + 1)
            if spec.kind == .loopback { loopback = index }
            var interface = Interface(
                index: index, kind: Interface.Kind(spec.kind), isUp: spec.isUp, mac: spec.mac, mtu: spec.mtu,
                group: spec.group)
            interface.hairpin = spec.hairpin
            interface.port = spec.port
            if let bridge = spec.bridge { interface.master = indexByName[bridge] ?? 0 }
            switch spec.kind {
            case .vlan(let id, let parent):
                interface.vlan = id
                interface.tagProtocol = EtherType(rawValue: spec.vlanProtocol.rawValue)
                interface.parent = indexByName[parent] ?? 0
            case .ipip(let tunnel):
                hasTunnels = true
                interface.tunnelLocal = tunnel.local?.bits ?? .zero
                interface.tunnelRemote = tunnel.remote?.bits ?? .zero
                (interface.tunnelTTL, interface.tunnelTOS) = (tunnel.ttl, tunnel.tos)
                interface.tunnelSetsDF = tunnel.discoversPathMTU
            case .bridge:
                interface.tagProtocol = EtherType(rawValue: spec.filtersVLANs ? spec.vlanProtocol.rawValue : 0)
                interface.forwardedGroups = spec.forwardedGroups
                interface.snoops = spec.snoopsMulticast
            default: break
            }
            interface.mtu = Self.limitedMTU(spec, all)
            interface.readSettings(sysctls, name: spec.name)
            (base + offset + 1).initialize(to: interface)
        }
        self.loopback = loopback
        if runsIPv6 {
            for (offset, spec) in all.enumerated() { addLinkLocal(spec, UInt16(offset + 1), sysctls) }
        }
    }

    /// `vxlan_config_apply`, `vxlan_change_mtu`: a VXLAN device with an underlay device cannot have an MTU that its
    /// outer headers (50 bytes over IPv4, 70 over IPv6) do not leave room for, whatever was asked for.
    private static func limitedMTU(_ spec: InterfaceSpec, _ all: [InterfaceSpec]) -> Int {
        guard case .vxlan(let vxlan) = spec.kind, let lower = all.first(where: { $0.name == vxlan.device }) else {
            return spec.mtu
        }
        return min(spec.mtu, lower.mtu - (vxlan.local?.family == .ipv6 ? 70 : 50))
    }

    /// Whether the node speaks IPv6 at all: it has an address, or somebody set it up to.
    private static func runsIPv6(_ specs: [InterfaceSpec], _ sysctls: Sysctls) -> Bool {
        if sysctls.isOn("net.ipv6.conf.all.disable_ipv6", default: false) { return false }
        return sysctls.isOn("net.ipv6.conf.all.forwarding", default: false)
            || specs.contains { $0.kind != .loopback && $0.addresses.contains { $0.family == .ipv6 } }
            || sysctls.values.keys.contains { $0.hasPrefix("net.ipv6.conf.default.") }
    }

    /// `addrconf_dev_config`: the EUI-64 link-local address that every device with a MAC gives itself when it comes up.
    private mutating func addLinkLocal(_ spec: InterfaceSpec, _ index: UInt16, _ sysctls: Sysctls) {
        guard spec.isUp, spec.mac != .zero, spec.mtu >= Self.leastMTU6, !sysctls.disablesIPv6(spec.name),
            sysctls.device(spec.name, "addr_gen_mode", family: "ipv6") ?? 0 == 0,
            !spec.addresses.contains(where: { $0.family == .ipv6 && $0.address.isLinkLocal })
        else { return }
        switch spec.kind {
        case .loopback, .ipip, .tun: return
        default: addresses[Int(index)].append(IPPrefix(spec.mac.linkLocal, length: 64))
        }
    }

    func deallocate() { base.deallocate() }

    @inline(__always)
    subscript(index: UInt16) -> UnsafeMutablePointer<Interface> { base + Int(index) }

    func index(of name: String) -> UInt16? { indexByName[name] }
    func name(_ index: UInt16) -> String { Int(index) < names.count ? names[Int(index)] : "?" }

    /// First address of a family on a device (`inet_select_addr` with universe scope).
    func firstAddress(_ index: UInt16, _ family: AddressFamily) -> IPAddress? {
        addresses[Int(index)].first { $0.family == family && !($0.address.isLinkLocal && family == .ipv6) }?.address
    }
}

extension Interface.Kind {
    init(_ kind: InterfaceSpec.Kind) {
        switch kind {
        case .ether: self = .ether
        case .veth: self = .veth
        case .dummy: self = .dummy
        case .loopback: self = .loopback
        case .bridge: self = .bridge
        case .vxlan: self = .vxlan
        case .vlan: self = .vlan
        case .ipip: self = .ipip
        case .tun: self = .tun
        }
    }
}

extension Interface {
    /// `IN_DEV_CONF_GET`'s merging: some keys need both `all` and the device, some either, some the larger.
    mutating func readSettings(_ sysctls: Sysctls, name: String) {
        func all(_ key: String, _ family: String = "ipv4") -> Int {
            sysctls.integer("net.\(family).conf.all.\(key)", default: 0)
        }
        func own(_ key: String, _ fallback: Int, _ family: String = "ipv4") -> Int {
            sysctls.device(name, key, family: family) ?? fallback
        }
        /// Switches that are on unless said otherwise.
        func on(_ key: String) -> Bool { sysctls.integer("net.ipv4.conf.all.\(key)", default: 1) != 0 }
        let forward = sysctls.integer("net.ipv4.ip_forward", default: all("forwarding"))
        forwarding4 = own("forwarding", forward) != 0 && (sysctls["net.ipv4.conf.\(name).forwarding"] != nil || forward != 0)
        // Writing `all` sets every device; what is written to one device afterwards stays.
        forwarding6 =
            (sysctls["net.ipv6.conf.\(name).forwarding"].flatMap { Int($0) }
                ?? max(all("forwarding", "ipv6"), own("forwarding", 0, "ipv6"))) != 0
        rpFilter = UInt8(clamping: max(all("rp_filter"), own("rp_filter", 0)))
        arpIgnore = UInt8(clamping: max(all("arp_ignore"), own("arp_ignore", 0)))
        arpAnnounce = UInt8(clamping: max(all("arp_announce"), own("arp_announce", 0)))
        proxyARP = all("proxy_arp") != 0 || own("proxy_arp", 0) != 0
        proxyNDP = all("proxy_ndp", "ipv6") != 0 || own("proxy_ndp", 0, "ipv6") != 0
        sendRedirects = sysctls.integer("net.ipv4.conf.all.send_redirects", default: 1) != 0 || own("send_redirects", 1) != 0
        routeLocalnet = all("route_localnet") != 0 || own("route_localnet", 0) != 0
        acceptLocal = all("accept_local") != 0 || own("accept_local", 0) != 0
        arpAccept = UInt8(clamping: max(all("arp_accept"), own("arp_accept", 0)))
        notifiesARP = all("arp_notify") != 0 || own("arp_notify", 0) != 0
        notifiesNeighbours = all("ndisc_notify", "ipv6") != 0 || own("ndisc_notify", 0, "ipv6") != 0
        arpFilter = all("arp_filter") != 0 || own("arp_filter", 0) != 0
        medium = Int32(clamping: own("medium_id", 0))
        proxyPrivateVLAN = all("proxy_arp_pvlan") != 0 || own("proxy_arp_pvlan", 0) != 0
        dropsGratuitousARP = all("drop_gratuitous_arp") != 0 || own("drop_gratuitous_arp", 0) != 0
        hasSharedMedia = on("shared_media") || own("shared_media", 1) != 0
        forwardsBroadcast = all("bc_forwarding") != 0 && own("bc_forwarding", 0) != 0
        sourceMark = all("src_valid_mark") != 0 || own("src_valid_mark", 0) != 0
        secureRedirects = on("secure_redirects") || own("secure_redirects", 1) != 0
        let (generally, here) = (on("accept_redirects"), own("accept_redirects", 1) != 0)
        acceptsRedirects = forwarding4 ? generally && here : generally || here
        dropsUnicastInMulticast =
            all("drop_unicast_in_l2_multicast") != 0 || own("drop_unicast_in_l2_multicast", 0) != 0
        readSettings6(sysctls, name)
        logMartians = all("log_martians") != 0 || own("log_martians", 0) != 0
        acceptSourceRoute = sysctls.integer("net.ipv4.conf.all.accept_source_route", default: 0) != 0 && own("accept_source_route", 1) != 0
    }

    /// IPv6 looks at the device's own value of most keys only.
    private mutating func readSettings6(_ sysctls: Sysctls, _ name: String) {
        func own(_ key: String, _ fallback: Int) -> Int { sysctls.device(name, key, family: "ipv6") ?? fallback }
        speaksIPv6 = mtu >= 1280 && !sysctls.disablesIPv6(name)
        mtu6 = max(min(sysctls["net.ipv6.conf.\(name).mtu"].flatMap { Int($0) } ?? mtu, mtu), 1280)
        hopLimit = UInt8(clamping: own("hop_limit", 64))
        acceptsRedirects6 = !forwarding6 && own("accept_redirects", 1) != 0
        dropsUnicastInMulticast6 = own("drop_unicast_in_l2_multicast", 0) != 0
        dropsUnsolicited = own("drop_unsolicited_na", 0) != 0
        forwardsAnyway6 = own("force_forwarding", sysctls.integer("net.ipv6.conf.all.force_forwarding", default: 0)) != 0
        givesLinkAddress = own("force_tllao", 0) != 0
        discoveryClass = UInt8(clamping: own("ndisc_tclass", 0))
        suppressesFragmentedDiscovery = own("suppress_frag_ndisc", 1) != 0
        acceptsUntracked = UInt8(clamping: own("accept_untracked_na", 0))
    }
}
