import HawseModel
import HawseWire

extension Walk {
    /// What a node says unasked of its addresses on a device, and where it is told to (`arp_notify`, `ndisc_notify`).
    /// `only6`: of these new IPv6 addresses; `nil`: of all, IPv4's too (`inetdev_send_gratuitous_arp`, `ndisc_send_unsol_na`).
    func announce(_ index: UInt16, _ only6: [AddressBits]?) {
        let device = node.pointee.interfaces[index]
        switch device.pointee.kind {
        case .loopback, .tun, .ipip, .dummy: return
        default: break
        }
        if device.pointee.notifiesARP, only6 == nil {
            // Secondary addresses stand behind the others (`__inet_insert_ifa`).
            let own = node.pointee.routing.sources.ipv4.filter { $0.device == index }
            for entry in own.filter({ !$0.isSecondary }) + own.filter(\.isSecondary) {
                sendARP(
                    .init(
                        operation: ARPHeader.request, device: index, to: .broadcast, senderAddress: entry.bits.ipv4, targetMAC: .zero,
                        targetAddress: entry.bits.ipv4), causedBy: nil)
            }
        }
        if device.pointee.notifiesNeighbours {
            for entry in node.pointee.routing.sources.ipv6 where entry.device == index && only6?.contains(entry.bits) ?? true {
                advertise(
                    .init(
                        device: index, to: AddressBits(high: 0xff02 << 48, low: 1), target: entry.bits,
                        isRouter: device.pointee.forwarding6, isSolicited: false, overrides: true, withLinkAddress: true), causedBy: nil)
            }
        }
        drain()
    }

    /// `neigh_flush_dev`: what is known of a device's neighbours goes, and so do the packets that waited for them.
    func forgetNeighbours(on device: UInt16, version: UInt8 = 0, only address: IPAddress? = nil) {
        for handle in 0..<Int32(node.pointee.neighbours.count) where node.pointee.neighbours.entries[Int(handle)].device == device {
            let entry = node.pointee.neighbours.entries[Int(handle)]
            if version != 0, entry.version != version { continue }
            if let address {
                guard entry.address == address.bits, entry.version == address.family.rawValue else { continue }
                // `neigh_delete` is an update to failed: who waited is told.
                failQueue(handle)
            }
            let queue = node.pointee.neighbours.queues.removeValue(forKey: handle) ?? []
            node.pointee.neighbours.forget(handle)
            for packet in queue {
                packet.pointee.disposition = .dropped(.neighbourUnresolved)
                finish(packet)
            }
        }
    }
}
