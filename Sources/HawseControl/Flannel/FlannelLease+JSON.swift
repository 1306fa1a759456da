import HawseModel
import HawseWire

extension Flannel.BackendData {
    /// As flannel writes it: `{"VNI":1,"VtepMAC":"aa:bb:cc:00:00:01"}`.
    public var text: String {
        switch self {
        case .vxlan(let vni, let mac): "{\"VNI\":\(vni),\"VtepMAC\":\"\(mac)\"}"
        case .wireguard(let key, let port): "{\"PublicKey\":\(JSONWriter.quoted(key, escapesHTML: true)),\"Port\":\(port)}"
        case .other(let text): text
        }
    }

    /// Reads backend data by the backend's type. `null` and an empty text stand for none.
    public static func read(_ text: String, backendType: String, field: String, file: String)
        throws(Flannel.ConfigurationError) -> Self?
    {
        let (data, problems) = judge(text, backendType: backendType, field: field, file: file)
        let errors = problems.filter { $0.severity == .error }
        if !errors.isEmpty { throw Flannel.ConfigurationError(errors) }
        return data
    }

    /// Backend data, and all that is wrong with it; `field` is the name of what holds it. Marks are places in the text.
    static func judge(
        _ text: String, backendType: String, field: String, file: String
    ) -> (data: Self?, problems: [ManifestDiagnostic]) {
        let trimmed = text.filter { !$0.isWhitespace }
        if trimmed.isEmpty || trimmed == "null" { return (nil, []) }
        var reader = FlannelFieldReader(file: file)
        reader.path = field.isEmpty ? [] : [field]
        let root: ManifestNode
        do { root = try JSONReader.parse(text) } catch {
            reader.wrong(ManifestNode(.null, mark: error.mark), "", "no JSON: \(error.reason)")
            return (nil, reader.problems)
        }
        guard root.entries != nil else {
            reader.wrong(root, "", "an object is expected, found \(root.typeName)")
            return (nil, reader.problems)
        }
        switch backendType {
        case "vxlan": return (vxlan(root, &reader), reader.problems)
        case "wireguard": return (wireguard(root, &reader), reader.problems)
        default: return (.other(text), [])
        }
    }

    private static func vxlan(_ root: ManifestNode, _ reader: inout FlannelFieldReader) -> Self? {
        let known = ["VNI", "VtepMAC"]
        var id: Int?
        var address: MACAddress?
        for entry in root.entries ?? [] {
            switch entry.key.lowercased() {
            case "vni":
                var number = -1
                reader.integer(entry, "VNI", 0...0xff_ffff, &number)
                id = number
            case "vtepmac":
                let word = reader.text(entry, "VtepMAC")
                address = word.flatMap { MACAddress($0) } ?? .zero
                if let word, address == .zero || address?.isGroup == true {
                    reader.wrong(entry.node, "VtepMAC", "\"\(word)\" is no Ethernet address of a device")
                }
            default: reader.unknown(entry, among: known)
            }
        }
        if id == nil { reader.wrong(root, "VNI", "is missing") }
        if address == nil { reader.wrong(root, "VtepMAC", "is missing") }
        guard let id, let address else { return nil }
        return .vxlan(vni: UInt32(clamping: id), mac: address)
    }

    private static func wireguard(_ root: ManifestNode, _ reader: inout FlannelFieldReader) -> Self? {
        let known = ["PublicKey", "Port"]
        var key: String?
        var port = 0
        for entry in root.entries ?? [] {
            switch entry.key.lowercased() {
            case "publickey":
                key = reader.text(entry, "PublicKey") ?? ""
                // 32 bytes in Base64: 43 letters and one `=`. Simulated nodes have none.
                if let word = entry.node.text, !word.isEmpty, word.utf8.count != 44 || !word.hasSuffix("=") {
                    reader.wrong(entry.node, "PublicKey", "\"\(word)\" is no key of 32 bytes in Base64")
                }
            case "port": reader.integer(entry, "Port", 0...65535, &port)
            default: reader.unknown(entry, among: known)
            }
        }
        if key == nil { reader.wrong(root, "PublicKey", "is missing") }
        return key.map { .wireguard(publicKey: $0, port: UInt16(clamping: port)) }
    }
}

extension Flannel.LeaseAttributes {
    /// The registry's value, byte for byte what Go's encoder writes: `PublicIP` and `PublicIPv6` always, the others when
    /// they are not empty.
    public var text: String {
        var fields = ["\"PublicIP\":\"\(publicIP ?? .unspecified(.ipv4))\""]
        fields.append("\"PublicIPv6\":\(publicIPv6.map { "\"\($0)\"" } ?? "null")")
        if !backendType.isEmpty { fields.append("\"BackendType\":\(JSONWriter.quoted(backendType, escapesHTML: true))") }
        if let backendData { fields.append("\"BackendData\":\(backendData.text)") }
        if let backendV6Data { fields.append("\"BackendV6Data\":\(backendV6Data.text)") }
        return "{" + fields.joined(separator: ",") + "}"
    }

    /// Reads a registry's value. `file` names where it stood, such as the key.
    public static func read(_ text: String, file: String) throws(Flannel.ConfigurationError) -> Self {
        let root: ManifestNode
        do { root = try JSONReader.parse(text) } catch {
            throw Flannel.ConfigurationError(file: file, field: "", "no JSON: \(error.description)")
        }
        guard root.entries != nil else {
            throw Flannel.ConfigurationError(file: file, field: "", "an object is expected, found \(root.typeName)")
        }
        var result = Self(publicIP: nil)
        result.publicIP = try address(root, "PublicIP", .ipv4, file)
        result.publicIPv6 = try address(root, "PublicIPv6", .ipv6, file)
        if result.publicIP?.isUnspecified == true { result.publicIP = nil }
        result.backendType = root.field("backendtype")?.text ?? ""
        for (name, isIPv6) in [("BackendData", false), ("BackendV6Data", true)] {
            guard let node = root.field(name.lowercased()), !node.isNull else { continue }
            let data = try Flannel.BackendData.read(
                JSONWriter.compact(node), backendType: result.backendType, field: name, file: file)
            if isIPv6 { result.backendV6Data = data } else { result.backendData = data }
        }
        return result
    }

    private static func address(
        _ root: ManifestNode, _ name: String, _ family: AddressFamily, _ file: String
    ) throws(Flannel.ConfigurationError) -> IPAddress? {
        guard let node = root.field(name.lowercased()), !node.isNull else { return nil }
        guard let text = node.text, let address = IPAddress(text), address.family == family else {
            throw Flannel.ConfigurationError(
                file: file, field: name,
                "\(node.text.map { "\"\($0)\"" } ?? node.typeName) is no \(family == .ipv4 ? "IPv4" : "IPv6") address")
        }
        return address
    }
}

extension ManifestNode {
    /// A field in any letter case, as Go's decoder finds it; the last of several.
    func field(_ lowercased: String) -> ManifestNode? {
        entries?.last { $0.key.lowercased() == lowercased }?.node
    }
}
