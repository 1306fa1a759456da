import HawseModel

/// VLANs of a device or a bridge in case.json.
enum VLANText {
    /// What a vlan device or a bridge says of tags.
    static func read(_ item: JSONFile, into interface: inout InterfaceSpec) throws(FormatError) {
        for key in ["vlan_protocol", "protocol"] {
            guard let text = item.string(key) else { continue }
            guard let known = VLANProtocol(text) else {
                throw item.error("interface \(interface.name): `\(key)' is 802.1Q or 802.1ad, not `\(text)'")
            }
            interface.vlanProtocol = known
        }
        guard interface.kind == .bridge else { return }
        interface.filtersVLANs = item.bool("vlan_filtering") ?? false
        interface.forwardedGroups = UInt16(clamping: item.integer("group_fwd_mask") ?? 0)
        guard interface.forwardedGroups & 7 == 0 else {
            throw item.error("interface \(interface.name): `group_fwd_mask' may not have the bits of 0, 1 and 2")
        }
        interface.vlans = try members(item, of: interface.name, or: item)
    }

    /// `"vlans": ["10 pvid untagged", "20-29"]` of a port or a bridge; without it what `vlan_default_pvid` of the bridge gives.
    static func members(_ item: JSONFile?, of name: String, or bridge: JSONFile) throws(FormatError) -> [BridgeVLAN] {
        if let item, item.keys.contains("vlans") {
            var members: [BridgeVLAN] = []
            for line in item.list("vlans") { members += try read(line, of: name, item) }
            return members
        }
        let initial = bridge.integer("vlan_default_pvid") ?? 1
        guard (0...4094).contains(initial) else { throw bridge.error("`vlan_default_pvid' is a number from 0 to 4094") }
        return initial == 0 ? [] : [BridgeVLAN(id: UInt16(initial), isPVID: true, isUntagged: true)]
    }

    /// `20 pvid untagged`, `30-39`, as `bridge vlan add … vid` takes it.
    private static func read(_ line: String, of name: String, _ item: JSONFile) throws(FormatError) -> [BridgeVLAN] {
        let words = line.split(separator: " ")
        let ends = (words.first ?? "").split(separator: "-").map { UInt16($0) ?? 0 }
        guard let first = ends.first, let last = ends.last, ends.count <= 2, first >= 1, first <= last, last <= 4094 else {
            throw item.error("\(name): `\(line)' begins with no VLAN (1 to 4094) and no range of them")
        }
        for word in words.dropFirst() where word != "pvid" && word != "untagged" {
            throw FormatError(
                item.place(ofKey: "vlans"), "\(name): unknown word `\(word)' in `\(line)'",
                suggestion: nearestWord(String(word), among: ["pvid", "untagged"]))
        }
        guard first == last || !words.contains("pvid") else { throw item.error("\(name): `\(line)': one VLAN is the pvid") }
        return (first...last).map { BridgeVLAN(id: $0, isPVID: words.contains("pvid"), isUntagged: words.contains("untagged")) }
    }
}
