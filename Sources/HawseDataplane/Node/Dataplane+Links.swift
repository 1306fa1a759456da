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
        for link in links where link.loosesNeighbours { walk.forgetNeighbours(on: link.index) }
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
            }
        }
        if new.forwarding != spec.forwarding { node.pointee.vxlan.update(new, interfaces: interfaces) }
        spec.routes = new.routes
        spec.rules = new.rules
        spec.neighbors = new.neighbors
        spec.forwarding = new.forwarding
        for link in links { announce(link) }
    }

    private struct LinkChange {
        var index: UInt16
        var cameUp = false
        var hasNewMAC = false
        var wentDown = false
        /// IPv6 addresses that were not there before.
        var new6: [AddressBits] = []
        var loosesNeighbours: Bool { hasNewMAC || wentDown }
    }

    private func updateLinks(_ new: NodeSpec) -> [LinkChange] {
        var changes: [LinkChange] = []
        for (position, old) in spec.interfaces.enumerated() {
            guard let device = new.interfaces.first(where: { $0.name == old.name }),
                device.isUp != old.isUp || device.mac != old.mac || device.addresses != old.addresses,
                let index = node.pointee.interfaces.index(of: old.name)
            else { continue }
            var change = LinkChange(index: index)
            change.cameUp = device.isUp && !old.isUp
            change.wentDown = !device.isUp && old.isUp
            change.hasNewMAC = device.mac != old.mac
            node.pointee.interfaces[index].pointee.isUp = device.isUp
            if change.hasNewMAC {
                node.pointee.interfaces[index].pointee.mac = device.mac
                node.pointee.bridges.changeAddress(of: index, from: old.mac, to: device.mac, node.pointee.interfaces)
            }
            if change.wentDown { node.pointee.bridges.forget(port: index) }
            if device.addresses != old.addresses || device.isUp != old.isUp {
                let before = Set(node.pointee.interfaces.addresses[Int(index)])
                node.pointee.interfaces.setAddresses(of: device, index, spec.sysctls, given: old.addresses)
                change.new6 = node.pointee.interfaces.addresses[Int(index)]
                    .filter { $0.family == .ipv6 && !before.contains($0) }.map(\.address.bits)
            }
            (spec.interfaces[position].isUp, spec.interfaces[position].mac) = (device.isUp, device.mac)
            spec.interfaces[position].addresses = device.addresses
            changes.append(change)
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
