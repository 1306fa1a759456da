import HawseModel
import HawseWire

/// One entry of `bridge -j fdb`.
enum ForwardingDump {
    static func read(_ item: JSONFile) throws(FormatError) -> ForwardingEntry? {
        guard let text = item.string("mac"), let mac = MACAddress(text), let device = item.string("ifname") else {
            throw item.error("a forwarding entry needs `mac' and `ifname'")
        }
        var entry = ForwardingEntry(mac: mac, device: device)
        entry.destination = item.string("dst").flatMap { IPAddress($0) }
        entry.port = item.numeral("port").flatMap { UInt16(exactly: $0) }
        entry.vni = item.numeral("vni")
        entry.via = item.string("via")
        entry.vlan = item.integer("vlan").flatMap { UInt16(exactly: $0) }
        entry.isMaster = item.string("master") != nil && !item.list("flags").contains("self")
        entry.isLocal = entry.isMaster && item.string("state") == "permanent"
        return entry
    }
}
