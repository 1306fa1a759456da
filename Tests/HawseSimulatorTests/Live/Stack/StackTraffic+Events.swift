import HawseWire

/// What somebody changes at the node while packets flow.
extension StackTraffic {
    func event() -> [Injection] {
        [Injection(device: nil, bytes: [], command: command())]
    }

    private func command() -> String {
        if let device = down, draw.oneIn(2) {
            down = nil
            return "ip link set \(device) up"
        }
        switch draw.below(16) {
        case 0, 1: return linkDown() ?? mtu()
        case 2: return address()
        case 3, 4: return mtu()
        case 5: return addAddress()
        case 6: return removeAddress()
        case 7: return addRoute()
        case 8, 9: return node.setup.routes.isEmpty ? addRoute() : removeRoute()
        case 10: return neighbour()
        case 11: return "ip neigh del \(neighbourName())"
        case 12: return rule()
        case 13: return forwarding()
        default: return "sysctl -qw \(setting())"
        }
    }

    /// The first wire stays: markers go by it.
    private func linkDown() -> String? {
        guard down == nil else { return nil }
        let devices = node.setup.interfaces.map(\.name).filter { $0 != node.wires.first }
        let device = draw.pick(devices)
        down = device
        return "ip link set \(device) down"
    }

    private func address() -> String {
        let devices = node.setup.interfaces.map(\.name)
        let device = draw.pick(devices)
        let mac = "02:00:00:00:05:" + (draw.oneIn(2) ? "0" : "1") + "\(draw.below(10))"
        if let place = node.nets.firstIndex(where: { $0.device == device }) { node.nets[place].mac = mac }
        return "ip link set \(device) address \(mac)"
    }

    private func mtu() -> String {
        let place = draw.below(node.setup.interfaces.count)
        let value = draw.pick([1500, 1500, 1400, 1300, 1280, 1279, 1200, 600, 576, 1450, 1430])
        let device = node.setup.interfaces[place]
        // What a tunnel cannot take is refused.
        if device.vxlan == nil || value <= device.mtu { node.setup.interfaces[place].mtu = value }
        return "ip link set \(device.name) mtu \(value)"
    }

    private func addAddress() -> String {
        let net = draw.pick(node.nets)
        let number = draw.pick([4, 5, 77])
        let prefix = draw.pick([
            "\(net.v4)\(number)/24", "\(net.v6)\(number)/64", "\(net.v4)\(number)/32", "172.20.\(draw.below(3)).1/24",
            "2001:db8:20:\(draw.below(3))::1/64", "\(net.v6)\(number)/128", "\(net.v4)\(number)/25",
        ])
        node.own.append(String(prefix.split(separator: "/")[0]))
        if let place = node.setup.interfaces.firstIndex(where: { $0.name == net.device }) { node.setup.interfaces[place].addresses.append(prefix) }
        return "ip addr add \(prefix) dev \(net.device)"
    }

    private func removeAddress() -> String {
        let places = node.setup.interfaces.indices.filter { !node.setup.interfaces[$0].addresses.isEmpty }
        guard !places.isEmpty else { return addAddress() }
        let place = draw.pick(Array(places))
        let number = draw.below(node.setup.interfaces[place].addresses.count)
        let prefix = node.setup.interfaces[place].addresses.remove(at: number)
        return "ip addr del \(prefix) dev \(node.setup.interfaces[place].name)"
    }

    private func addRoute() -> String {
        let isIPv6 = draw.oneIn(2)
        let host = draw.pick(node.hosts)
        let subnet = draw.pick(
            isIPv6
                ? ["2001:db8:cafe::/48", "2001:db8:cafe::7/128", "2001:db8:beef::/64", "default"]
                : ["198.51.100.0/24", "198.51.100.7/32", "203.0.113.0/24", "100.70.0.0/16", "default"])
        node.targets.append(isIPv6 ? "2001:db8:beef::1" : "100.70.0.1")
        let family = isIPv6 ? "-6" : "-4"
        if draw.oneIn(5) {
            let kind = draw.pick(["unreachable", "blackhole", "prohibit"])
            return "ip \(family) route \(draw.pick(["add", "replace"])) \(kind) \(subnet)"
        }
        var line = "\(subnet) via \(host.address(isIPv6)) dev \(host.device)"
        if draw.oneIn(4) { line += " mtu \(draw.pick([1300, 1400, 1500]))" }
        if draw.oneIn(4) { line += " metric \(draw.pick([10, 2000]))" }
        return "ip \(family) route \(draw.pick(["add", "replace", "append"])) \(line)"
    }

    private func removeRoute() -> String {
        let line = node.setup.routes.remove(at: draw.below(node.setup.routes.count))
        guard line.contains(":") else { return "ip -4 route del \(line)" }
        // One that names hops of which some are gone takes the others away, and fails.
        return "ip -6 route del \(line.prefix(upTo: line.range(of: " nexthop")?.lowerBound ?? line.endIndex))"
    }

    private func neighbourName() -> String {
        let host = draw.pick(node.hosts)
        return "\(host.address(draw.oneIn(2))) dev \(host.device)"
    }

    private func neighbour() -> String {
        let host = draw.pick(node.hosts)
        let mac = draw.oneIn(3) ? "02:00:00:00:0c:09" : host.mac
        return "ip neigh replace \(host.address(draw.oneIn(2))) lladdr \(mac) dev \(host.device) nud permanent"
    }

    private func rule() -> String {
        let host = draw.pick(node.hosts)
        let isIPv6 = draw.oneIn(2)
        let family = isIPv6 ? "-6" : "-4"
        let selector = draw.pick(["from \(host.address(isIPv6))", "to \(isIPv6 ? "2001:db8:cafe::/48" : "198.51.100.0/24")", "iif \(host.device)"])
        if draw.oneIn(4), let old = node.setup.rules.first, isIPv6 == (node.setup.family == 6) { return "ip \(family) rule del \(old)" }
        return "ip \(family) rule add \(selector) priority \(draw.pick([50, 150, 250])) \(draw.pick(["lookup 100", "unreachable", "blackhole"]))"
    }

    private func forwarding() -> String {
        let host = draw.pick(node.hosts)
        if let tunnel = node.overlay, let options = tunnel.vxlan, draw.oneIn(2), let peer = node.peers.first {
            let remote = draw.pick(node.hosts.filter { $0.device == "eth0" }).address(options.local.contains(":"))
            if draw.oneIn(2) { return "bridge fdb del \(peer.mac) dev \(tunnel.name) dst \(peer.host.address(options.local.contains(":")))" }
            return "bridge fdb \(draw.pick(["append", "replace"])) \(peer.mac) dev \(tunnel.name) dst \(remote) self permanent"
        }
        guard let bridge = node.setup.interfaces.first(where: { $0.kind == "bridge" }) else { return neighbour() }
        let known = node.hosts.filter { bridge.bridge_ports.contains($0.wire) }
        let mac = known.isEmpty ? host.mac : draw.pick(known).mac
        let port = draw.pick(bridge.bridge_ports)
        return draw.oneIn(3) ? "bridge fdb del \(mac) dev \(port) master" : "bridge fdb replace \(mac) dev \(port) master static"
    }

    private func setting() -> String {
        let (key, values) = draw.pick(draw.oneIn(3) ? StackNode.commonSettings : StackNode.deviceSettings)
        let device = draw.pick(node.setup.interfaces).name
        let name = key.hasPrefix("net.") ? key : "net." + key.replacing("%", with: device)
        // The kernel takes no lifetime of 0.
        let mayBeOff = !name.hasSuffix("ttl") && !name.hasSuffix("hop_limit")
        return "\(name)=\(mayBeOff && draw.oneIn(3) ? "0" : draw.pick(values))"
    }
}
