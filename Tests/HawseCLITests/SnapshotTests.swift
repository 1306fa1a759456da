import Foundation
import Hawse
import Testing

/// A node read in two ways, over netlink and from what iproute2 prints, in a namespace with one of everything that this
/// kernel has.
@Suite struct SnapshotTests {
    private static let commands = """
        ip link set lo up
        ip link add eth0 type veth peer name eth0p
        ip link add eth1 type veth peer name eth1p
        ip link add cni0 type bridge ageing_time 20000
        ip link set eth1p master cni0
        ip link set eth1p type bridge_slave hairpin on learning off isolated on flood off mcast_flood off bcast_flood off
        for device in eth0 eth0p eth1 eth1p cni0; do ip link set $device up; done
        ip addr add 192.0.2.1/24 dev eth0
        ip addr add 10.244.1.1/24 brd + dev cni0
        ip addr add 10.8.0.1 peer 10.8.0.2/32 dev eth1
        ip addr add 2001:db8::1/64 dev eth0 nodad
        ip link add flannel.1 type vxlan id 1 local 192.0.2.1 dev eth0 dstport 8472 nolearning
        ip link add vx2 type vxlan id 77 local 192.0.2.1 dev eth0 dstport 4789 remote 192.0.2.9 ttl 12 tos 0x10 df set \\
            srcport 1000 2000 gbp noudpcsum
        ip link add vx6 type vxlan id 78 local 2001:db8::1 dev eth0 dstport 4790 ttl inherit tos inherit udp6zerocsumtx udp6zerocsumrx
        ip link set vx2 group 7
        ip link set flannel.1 up
        ip addr add 10.244.1.0/32 dev flannel.1
        ip route add default via 192.0.2.254
        ip route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink
        ip route add 10.9.0.0/16 nexthop via 192.0.2.7 weight 3 nexthop via 192.0.2.8
        ip route add 10.10.0.0/16 via 192.0.2.7 mtu 1400 metric 5 src 192.0.2.1 realm 9
        ip route add 10.10.0.0/16 tos 0x10 via 192.0.2.8
        ip route add unreachable 10.11.0.0/16
        ip route add blackhole 10.12.0.0/16 table 99
        ip route add throw 10.13.0.0/16 table 99
        ip route add prohibit 10.14.0.0/16
        ip route add local 192.168.0.0/16 dev lo
        ip route add 10.15.0.0/16 dev eth0
        ip route add 10.16.0.0/16 via inet6 2001:db8::99 dev eth0
        ip -6 route add 2001:db8:2::/64 via 2001:db8::fe metric 77
        ip -6 route add 2001:db8:3::/64 nexthop via 2001:db8::fe nexthop via 2001:db8::fd weight 2
        ip -6 route add unreachable 2001:db8:4::/64
        ip -6 route add default via 2001:db8::fe
        ip rule add from 10.244.0.0/16 to 10.0.0.0/8 iif eth0 fwmark 0x10/0xf0 tos 0x10 lookup 99 priority 100
        ip rule add not from 10.1.0.0/16 lookup main suppress_prefixlength 0 priority 101
        ip rule add ipproto tcp sport 80 dport 1000-2000 oif eth0 prohibit priority 102
        ip -6 rule add from 2001:db8::/32 unreachable priority 103
        ip -6 rule add fwmark 7 lookup 98 priority 105
        ip rule add goto 32766 priority 104
        ip neigh add 192.0.2.254 lladdr 02:00:00:00:fe:fe dev eth0 nud permanent
        ip neigh add 192.0.2.253 lladdr 02:00:00:00:fe:fd dev eth0 nud stale
        ip neigh add proxy 10.77.0.1 dev eth0
        ip neigh add 2001:db8::fe lladdr 02:00:00:00:fe:fe dev eth0 nud permanent
        ip neigh add 10.244.2.0 lladdr aa:bb:cc:00:00:02 dev flannel.1 nud permanent
        bridge fdb append aa:bb:cc:00:00:02 dev flannel.1 dst 192.0.2.2
        bridge fdb append 00:00:00:00:00:00 dev vx2 dst 192.0.2.3 port 4000 vni 5
        bridge fdb add 02:11:22:33:44:55 dev eth1p master static
        iptables-legacy -t nat -A POSTROUTING -s 10.244.0.0/16 -j MASQUERADE
        """

    private static let routes = [
        "10.8.0.2 dev eth1 src 10.8.0.1", "default via 192.0.2.254 dev eth0", "10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink",
        "10.9.0.0/16 nexthop via 192.0.2.7 dev eth0 weight 3 nexthop via 192.0.2.8 dev eth0",
        "10.10.0.0/16 via 192.0.2.7 dev eth0 src 192.0.2.1 metric 5 mtu 1400 realm 9", "10.10.0.0/16 via 192.0.2.8 dev eth0 tos 0x10",
        "unreachable 10.11.0.0/16", "blackhole 10.12.0.0/16 table 99", "throw 10.13.0.0/16 table 99", "prohibit 10.14.0.0/16",
        "local 192.168.0.0/16 dev lo", "10.15.0.0/16 dev eth0", "10.16.0.0/16 via inet6 2001:db8::99 dev eth0",
        "2001:db8:2::/64 via 2001:db8::fe dev eth0 metric 77",
        "2001:db8:3::/64 metric 1024 nexthop via 2001:db8::fe dev eth0 nexthop via 2001:db8::fd dev eth0 weight 2",
        "unreachable 2001:db8:4::/64 metric 1024", "default via 2001:db8::fe dev eth0 metric 1024",
    ]

    private static let rules = [
        "from 10.244.0.0/16 to 10.0.0.0/8 fwmark 0x10/0xf0 iif eth0 tos 0x10 lookup 99 priority 100",
        "not from 10.1.0.0/16 suppress_prefixlength 0 lookup 254 priority 101",
        "oif eth0 ipproto tcp sport 80 dport 1000-2000 prohibit priority 102", "from 2001:db8::/32 unreachable priority 103",
        "goto 32766 priority 104", "fwmark 0x7 lookup 98 priority 105",
    ]

    /// What not every kernel has: VLANs, VLANs of a bridge, IPv4 in IPv4.
    private static let tagged = """
        ip link set lo up
        ip link add eth0 type veth peer name eth0p
        ip link add eth1 type veth peer name eth1p
        ip link set eth0 up
        ip link set eth1 up
        ip addr add 192.0.2.1/24 dev eth0
        ip link add link eth0 name eth0.7 type vlan id 7
        ip link add link eth0 name outer type vlan proto 802.1ad id 8 reorder_hdr off
        ip link add link outer name inner type vlan id 9
        ip link set eth0.7 up
        ip addr add 10.7.0.1/24 dev eth0.7
        ip link add br0 type bridge vlan_filtering 1 vlan_default_pvid 5 group_fwd_mask 16384
        ip link set eth0p master br0
        ip link set eth1p master br0
        bridge vlan add vid 10-12 dev eth0p
        bridge vlan add vid 20 pvid untagged dev eth1p
        bridge vlan add vid 20 dev br0 self
        bridge vlan del vid 5 dev eth1p
        ip link set br0 up
        ip link add br1 type bridge vlan_filtering 1 vlan_protocol 802.1ad
        ip link add t0 type ipip local 192.0.2.1 remote 192.0.2.9 ttl 12 tos 0x10
        ip link add t1 type ipip local 192.0.2.1 remote any nopmtudisc
        ip link set t0 up
        ip addr add 10.8.0.1/30 dev t0
        bridge fdb add 02:11:22:33:44:55 dev eth1p master static vlan 20
        """

    @Test func netlinkAndTheToolsTellTheSame() throws {
        guard let (one, other) = try Self.twice(Self.commands) else { return }
        #expect(one.interfaces.count == 9)
        #expect(one.interfaces.map(\.name) == other.interfaces.map(\.name))
        for (mine, dumped) in zip(one.interfaces, other.interfaces) { #expect(mine == dumped) }
        #expect(one.routes.map(\.description).sorted() == Self.routes.sorted())
        #expect(other.routes.map(\.description).sorted() == Self.routes.sorted())
        #expect(one.rules == other.rules)
        #expect(one.rules.filter { !RoutingRule.defaults.contains($0) }.map(\.description) == Self.rules)
        #expect(one.rules.filter { RoutingRule.defaults.contains($0) } == RoutingRule.defaults)
        #expect(Set(one.neighbors) == Set(other.neighbors))
        #expect(one.neighbors.count == 5)
        #expect(one.forwarding == other.forwarding)
        #expect(one.forwarding.count == 3)
        #expect(Set(one.listeners) == Set(other.listeners))
        #expect(one.iptables == other.iptables)
        // Whichever of the two variants iptables-save is.
        #expect(one.iptables?[.nat]?.chain("POSTROUTING")?.rules.count == 1)
        // sysctl leaves out what the kernel calls deprecated.
        #expect(Set(other.sysctls.values.keys).subtracting(one.sysctls.values.keys).isEmpty)
        #expect(other.sysctls.values.count > 900)
        let counting = ["net.netfilter.nf_conntrack_count"]
        #expect(other.sysctls.values.filter { one.sysctls[$0.key] != $0.value && !counting.contains($0.key) }.isEmpty)
    }

    @Test func tagsAndTunnelsAreToldTheSame() throws {
        guard let (one, other) = try Self.twice(Self.tagged) else { return }
        #expect(one.interfaces.map(\.name) == other.interfaces.map(\.name))
        for (mine, dumped) in zip(one.interfaces, other.interfaces) { #expect(mine == dumped) }
        func device(_ name: String) -> InterfaceSpec? { one.interfaces.first { $0.name == name } }
        #expect(device("eth0.7")?.kind == .vlan(id: 7, parent: "eth0"))
        #expect(device("outer")?.vlanProtocol == .service)
        #expect(device("inner")?.kind == .vlan(id: 9, parent: "outer"))
        #expect(device("br0")?.filtersVLANs == true)
        #expect(device("br0")?.forwardedGroups == 16384)
        #expect(device("br1")?.vlanProtocol == .service)
        #expect(device("eth0p")?.vlans.map(\.id) == [5, 10, 11, 12])
        #expect(device("eth1p")?.vlans == [BridgeVLAN(id: 20, isPVID: true, isUntagged: true)])
        #expect(device("br0")?.vlans.map(\.id) == [5, 20])
        let remote = IPAddress("192.0.2.9")
        #expect(device("t0")?.kind == .ipip(IPIPSpec(local: IPAddress("192.0.2.1"), remote: remote, ttl: 12, tos: 0x10)))
        #expect(device("t1")?.kind == .ipip(IPIPSpec(local: IPAddress("192.0.2.1"), discoversPathMTU: false)))
        #expect(one.forwarding == other.forwarding)
        #expect(one.forwarding.map(\.vlan) == [20])
    }

    /// A node that these commands make, by both ways; `nil` where it cannot be made, which is said.
    private static func twice(_ commands: String) throws -> (NodeSpec, NodeSpec)? {
        let namespace = "hawse-\(UInt32.random(in: 0 ... .max))"
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(namespace)
        defer { try? FileManager.default.removeItem(at: folder) }
        guard try HawseProgram.shell("ip netns add \(namespace)").status == 0 else {
            print("snapshot: no namespace can be made here (root, iproute2 and network namespaces are needed): skipped")
            return nil
        }
        defer { _ = try? HawseProgram.shell("ip netns del \(namespace)") }
        let built = try HawseProgram.shell("ip netns exec \(namespace) bash -ec '\(commands)'")
        if built.errors.contains("nknown device type") || built.errors.contains("not supported") {
            print("snapshot: this kernel lacks devices of the test (\(built.errors.split(separator: "\n").first ?? "")): skipped")
            return nil
        }
        try #require(built.status == 0, "\(built.errors)")
        let (read, dumped) = (folder.path + "/read", folder.path + "/dumped")
        let snapshot = try HawseProgram.shell("ip netns exec \(namespace) \"\(HawseProgram.path)\" snapshot --name node -o \(read)")
        #expect([0, 3].contains(snapshot.status), "\(snapshot.errors)")
        let dump = try HawseProgram.shell("ip netns exec \(namespace) scripts/dump-node \(dumped)")
        #expect(dump.status == 0, "\(dump.errors)")

        var notes: [String] = []
        let one = try NodeDirectory.load(read, notes: &notes)
        let other = try NodeDirectory.load(dumped, notes: &notes)
        #expect(notes.isEmpty)
        return (one, other)
    }
}
