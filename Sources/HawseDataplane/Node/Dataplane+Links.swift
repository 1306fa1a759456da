import HawseModel
import HawseWire

extension Dataplane {
    /// Takes the routes, permanent neighbours, forwarding entries and addresses of a changed spec, and which devices are up,
    /// between packets. Connections, counters and what was learnt from packets stay where their devices do; which devices there
    /// are, and the rules, are not touched.
    public func updateNetwork(_ new: NodeSpec) {
        node.pointee.flows.invalidate()
        node.pointee.generation += 1
        let links = updateLinks(new)
        let interfaces = node.pointee.interfaces
        node.pointee.routing.update(new, interfaces: interfaces, shared: node.pointee.routing.shared)
        let walk = Walk<Plain>(node: node)
        for link in links {
            if link.loosesNeighbours { walk.forgetNeighbours(on: link.index) }
            if let mtu = link.newMTU { walk.followMTU(of: link.index, from: link.oldMTU, to: mtu) }
            for version in link.endedVersions { walk.forgetNeighbours(on: link.index, version: version) }
        }
        let gone = Set(links.filter(\.loosesNeighbours).map { interfaces.name($0.index) })
        spec.neighbors.removeAll { gone.contains($0.device) && !$0.isProxy }
        let kept = Set(new.neighbors)
        for entry in spec.neighbors where !entry.isProxy && !kept.contains(entry) {
            if let device = interfaces.index(of: entry.device) { node.pointee.neighbours.remove(entry.address, device) }
        }
        let present = Set(spec.neighbors)
        for entry in new.neighbors where !entry.isProxy && !present.contains(entry) {
            if let mac = entry.mac, let device = interfaces.index(of: entry.device) {
                node.pointee.neighbours.set(entry.address, device, mac)
                walk.releaseWaiting(entry.address, device)
            }
        }
        if new.neighbors.contains(where: \.isProxy) || spec.neighbors.contains(where: \.isProxy) {
            node.pointee.neighbours.setProxies(new.neighbors, interfaces)
        }
        if new.forwarding != spec.forwarding {
            node.pointee.vxlan.update(new, interfaces: interfaces)
            node.pointee.bridges.update(from: spec.forwarding, to: new.forwarding, interfaces)
        }
        spec.routes = new.routes
        spec.rules = new.rules
        spec.neighbors = new.neighbors
        spec.forwarding = new.forwarding
        for link in links { announce(link) }
    }

    /// `ip neigh del` of an entry that was learnt; false: there is none. Configured ones are part of the spec.
    @discardableResult
    public func forgetNeighbor(_ address: IPAddress, on device: String) -> Bool {
        guard let index = node.pointee.interfaces.index(of: device),
            node.pointee.neighbours.find(address.bits, index, version: address.family.rawValue) >= 0
        else { return false }
        node.pointee.flows.invalidate()
        Walk<Plain>(node: node).forgetNeighbours(on: index, only: address)
        return true
    }

    /// `bridge fdb del` of an entry that was learnt.
    public func forgetForwarding(_ entry: ForwardingEntry) {
        node.pointee.flows.invalidate()
        node.pointee.bridges.forget(entry, node.pointee.interfaces)
        if let device = node.pointee.interfaces.index(of: entry.device) { node.pointee.vxlan.forget(entry, device) }
    }

    private struct LinkChange {
        var index: UInt16
        var cameUp = false
        var hasNewMAC = false
        var wentDown = false
        var newMTU: Int?
        var oldMTU = 0
        /// IPv4 when the last address has gone, IPv6 when the MTU is too small for it.
        var endedVersions: [UInt8] = []
        /// IPv6 addresses that were not there before.
        var new6: [AddressBits] = []
        var loosesNeighbours: Bool { hasNewMAC || wentDown }
    }

    private func updateLinks(_ new: NodeSpec) -> [LinkChange] {
        var changes: [LinkChange] = []
        for (position, old) in spec.interfaces.enumerated() {
            guard let device = new.interfaces.first(where: { $0.name == old.name }),
                device.isUp != old.isUp || device.mac != old.mac || device.addresses != old.addresses || device.mtu != old.mtu
                    || spec.sysctls.disablesIPv6(old.name) != new.sysctls.disablesIPv6(old.name),
                let index = node.pointee.interfaces.index(of: old.name)
            else { continue }
            var change = LinkChange(index: index)
            change.cameUp = device.isUp && !old.isUp
            change.wentDown = !device.isUp && old.isUp
            change.hasNewMAC = device.mac != old.mac
            node.pointee.interfaces[index].pointee.isUp = device.isUp
            if change.cameUp || change.wentDown { node.pointee.vxlan.setLink(index, isUp: device.isUp) }
            if change.hasNewMAC {
                node.pointee.interfaces[index].pointee.mac = device.mac
                node.pointee.bridges.changeAddress(of: index, from: old.mac, to: device.mac, node.pointee.interfaces)
            }
            if change.wentDown {
                node.pointee.bridges.forget(port: index)
                // `br_stp_disable_bridge` disables every port.
                if node.pointee.interfaces[index].pointee.kind == .bridge { node.pointee.bridges.forgetPorts(of: index) }
            }
            if device.mtu != old.mtu {
                (change.newMTU, change.oldMTU) = (device.mtu, old.mtu)
                node.pointee.interfaces[index].pointee.mtu = device.mtu
                if device.mtu < 1280, old.mtu >= 1280 { change.endedVersions.append(6) }
            }
            if old.addresses.contains(where: { $0.family == .ipv4 }), !device.addresses.contains(where: { $0.family == .ipv4 }) {
                change.endedVersions.append(4)
            }
            let disables = new.sysctls.disablesIPv6(old.name)
            let isOther = disables != spec.sysctls.disablesIPv6(old.name)
            if isOther, disables { change.endedVersions.append(6) }
            if device.addresses != old.addresses || device.isUp != old.isUp || device.mtu != old.mtu || isOther {
                let before = Set(node.pointee.interfaces.addresses[Int(index)])
                node.pointee.interfaces.setAddresses(of: device, index, new.sysctls, given: old.addresses)
                change.new6 = node.pointee.interfaces.addresses[Int(index)]
                    .filter { $0.family == .ipv6 && !before.contains($0) }.map(\.address.bits)
            }
            (spec.interfaces[position].isUp, spec.interfaces[position].mac) = (device.isUp, device.mac)
            spec.interfaces[position].addresses = device.addresses
            spec.interfaces[position].keptAddresses = device.keptAddresses
            spec.interfaces[position].mtu = device.mtu
            changes.append(change)
        }
        if spec.sysctls != new.sysctls {
            spec.sysctls = new.sysctls
            readSysctls()
        }
        return changes
    }

    /// `arp_notify` speaks when a device has come up or has another MAC, `ndisc_notify` also of each new address.
    private func announce(_ change: LinkChange) {
        let device = node.pointee.interfaces[change.index]
        guard device.pointee.isUp, device.pointee.notifiesARP || device.pointee.notifiesNeighbours else { return }
        let isWhole = change.cameUp || change.hasNewMAC
        guard isWhole || !change.new6.isEmpty else { return }
        node.pointee.frameOrdinal &+= 1
        if isTracing {
            Walk<Traced>(node: node).announce(change.index, isWhole ? nil : change.new6)
        } else {
            Walk<Plain>(node: node).announce(change.index, isWhole ? nil : change.new6)
        }
    }
}
