import HawseModel

extension Dataplane {
    /// `sysctl -w name=value` on the running node: takes effect for the packets that follow.
    public func setSysctl(_ name: String, to value: String) {
        if name == "net.ipv4.ip_forward" || name == "net.ipv4.conf.all.forwarding" {
            // `devinet_sysctl_forward` leaves the devices alone where the value stays.
            let old = spec.sysctls["net.ipv4.ip_forward"] ?? spec.sysctls["net.ipv4.conf.all.forwarding"] ?? "0"
            if old == value { return }
        }
        var new = spec
        new.setSysctl(name, to: value)
        updateNetwork(new)
    }

    /// Takes the settings as they are in the spec now.
    func readSysctls() {
        let sysctls = spec.sysctls
        node.pointee.settings = NodeSettings(sysctls)
        for index in 1..<node.pointee.interfaces.count {
            let number = UInt16(index)
            node.pointee.interfaces[number].pointee.readSettings(sysctls, name: node.pointee.interfaces.name(number))
        }
        let counts = node.pointee.connections.settings.accounting
        node.pointee.connections.settings = ConntrackSettings(sysctls)
        node.pointee.connections.usualTimeouts.pointee = ConntrackTimeouts(sysctls)
        if sysctls["net.netfilter.nf_conntrack_acct"] == nil { node.pointee.connections.settings.accounting = counts }
        node.pointee.neighbours.settings = NeighbourSettings(sysctls, node.pointee.interfaces)
        node.pointee.routing.cache.flush()
    }
}
