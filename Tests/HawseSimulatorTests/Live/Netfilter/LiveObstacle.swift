import Foundation

enum LiveObstacle {
    private static let tools = [
        "iptables-legacy-restore", "iptables-legacy-save", "ip6tables-legacy-restore", "ip6tables-legacy-save", "ipset",
        "conntrack",
    ]

    /// Why it cannot be done here; `nil` when it can.
    static let netfilter: String? = {
        if let obstacle = LiveNamespaces.obstacle { return obstacle }
        let missing = tools.filter { KernelNode.tool($0) == nil }
        if !missing.isEmpty { return "no " + missing.joined(separator: ", ") }
        let release =
            FileManager.default.contents(atPath: "/proc/sys/kernel/osrelease").map { String(decoding: $0, as: UTF8.self) } ?? ""
        if !release.hasPrefix("6.18.") { return "the kernel is \(release.prefix(8)), not 6.18" }
        do {
            let draw = Draw(seed: 1)
            let kernel = try KernelNode(GeneratedNode(draw, seed: 1).setup)
            for line in [
                "*filter\n-A INPUT -m conntrack --ctstate NEW\nCOMMIT\n", "*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n",
            ] {
                try kernel.run("iptables-legacy-restore", [], input: line)
                try kernel.run("ip6tables-legacy-restore", [], input: line)
            }
            try kernel.run("ipset", ["create", "s", "hash:ip"])
        } catch { return "\(error)" }
        return nil
    }()

    /// The same for virtual servers, which the kernel may have as modules.
    static let ipvs: String? = {
        if let obstacle = LiveNamespaces.obstacle { return obstacle }
        let missing = (tools + ["ipvsadm", "sh"]).filter { KernelNode.tool($0) == nil }
        if !missing.isEmpty { return "no " + missing.joined(separator: ", ") }
        let schedulers = "rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh twos".split(separator: " ").map { "ip_vs_\($0)" }
        if let modprobe = KernelNode.tool("modprobe") {
            _ = try? LiveNamespaces.run(modprobe, ["-a", "ip_vs", "ip_vs_ftp", "ip_vs_pe_sip", "dummy", "xt_ipvs", "iptable_nat", "ip6table_nat"] + schedulers)
        }
        return FileManager.default.fileExists(atPath: "/proc/net/ip_vs") ? nil : "the kernel has no ip_vs"
    }()

    /// The same for a node without rules.
    static let stack: String? = LiveNamespaces.obstacle ?? (LiveCase.release.hasPrefix("6.18.") ? nil : "the kernel is \(LiveCase.release), not 6.18")

    /// The same for nodes with Services: rules in namespaces whose bridges give their packets to iptables.
    static let services: String? = {
        if let obstacle = LiveNamespaces.obstacle { return obstacle }
        let missing = ["iptables-legacy-restore", "ip6tables-legacy-restore"].filter { KernelNode.tool($0) == nil }
        if !missing.isEmpty { return "no " + missing.joined(separator: ", ") }
        return FileManager.default.fileExists(atPath: "/proc/sys/net/bridge/bridge-nf-call-iptables")
            ? nil : "the kernel has no br_netfilter"
    }()
}
