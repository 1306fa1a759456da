import HawseModel
import HawseWire

/// One entry of `ip -j neigh`: those whose MAC is known, whatever their state, and proxies.
enum NeighborDump {
    static func read(_ item: JSONFile) throws(FormatError) -> Neighbor? {
        let address = try item.address("dst")
        guard let device = item.string("dev") else { throw item.error("neighbour \(address) needs `dev'") }
        if item.keys.contains("proxy") { return Neighbor(address: address, mac: nil, device: device, isProxy: true) }
        // Devices without MACs list the tunnel's end there; groups map to MACs by rule.
        guard !address.isMulticast, let mac = item.string("lladdr").flatMap({ MACAddress($0) }) else { return nil }
        return Neighbor(address: address, mac: mac, device: device)
    }
}
