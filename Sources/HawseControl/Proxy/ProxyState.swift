import HawseModel
import HawseWire

/// Everything a kube-proxy has put on its node.
public struct ProxyState: Sendable, Hashable {
    public var mode: ProxyMode
    public var iptables: RuleSet?
    public var ip6tables: RuleSet?
    /// IPVS mode.
    public var sets: [IPSet] = []
    public var ipvs: IPVSSpec?
    /// The addresses of the dummy device kube-ipvs0.
    public var dummyAddresses: [IPAddress] = []
    /// nftables mode.
    public var nftTables: [NFTTable] = []
    /// Userspace mode.
    public var userspace: [UserspaceProxy] = []
    public var sysctls: [String: String] = [:]

    public init(mode: ProxyMode) { self.mode = mode }

    /// The ruleset as `nft list ruleset` prints it; `nil` outside of nftables mode.
    public var nft: String? { mode == .nftables ? NFTPrinter.text(of: nftTables) : nil }

    /// The name of the device that IPVS addresses are bound to.
    public static let dummyDevice = "kube-ipvs0"

    /// Puts rules, sets, virtual servers, bound addresses and kernel settings on a node.
    public func install(on spec: inout NodeSpec) {
        if let iptables { spec.iptables = iptables }
        if let ip6tables { spec.ip6tables = ip6tables }
        if mode == .ipvs {
            spec.sets = sets
            spec.ipvs = ipvs
            let addresses = dummyAddresses.map { IPPrefix($0, length: $0.family.bitCount) }
            if let index = spec.interfaces.firstIndex(where: { $0.name == Self.dummyDevice }) {
                spec.interfaces[index].addresses = addresses
            } else {
                // kube-proxy never sets the device up; its addresses are local all the same.
                spec.interfaces.append(
                    InterfaceSpec(name: Self.dummyDevice, kind: .dummy, isUp: false, addresses: addresses))
            }
        }
        for (name, value) in sysctls where name != Self.conntrackMaximum || raises(spec.sysctls, to: value) {
            spec.sysctls[name] = value
        }
    }

    static let conntrackMaximum = "net.netfilter.nf_conntrack_max"

    /// kube-proxy lets a node keep more room for connections than it asks for.
    private func raises(_ sysctls: Sysctls, to value: String) -> Bool {
        let current = sysctls.integer(
            Self.conntrackMaximum, default: sysctls.integer("net.nf_conntrack_max", default: 262_144))
        return current < Int(value) ?? 0
    }
}
