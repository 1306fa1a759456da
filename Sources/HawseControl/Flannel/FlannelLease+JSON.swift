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
        let trimmed = text.filter { !$0.isWhitespace }
        if trimmed.isEmpty || trimmed == "null" { return nil }
        func fail(_ message: String, _ mark: SourceMark = .none) -> Flannel.ConfigurationError {
            Flannel.ConfigurationError([
                ManifestDiagnostic(severity: .error, file: file, mark: mark, field: field, message: message)
            ])
        }
        let root: ManifestNode
        do { root = try JSONReader.parse(text) } catch { throw fail("no JSON: \(error.reason)", error.mark) }
        guard root.entries != nil else { throw fail("an object is expected, found \(root.typeName)") }
        switch backendType {
        case "vxlan":
            guard let vni = root.field("vni")?.int, let id = UInt32(exactly: vni), id <= 0xff_ffff else {
                throw fail("VNI is missing or no number up to 16777215")
            }
            guard let word = root.field("vtepmac")?.text, let mac = MACAddress(word) else {
                throw fail("VtepMAC is missing or no Ethernet address")
            }
            return .vxlan(vni: id, mac: mac)
        case "wireguard":
            guard let key = root.field("publickey")?.text else { throw fail("PublicKey is missing") }
            let number = root.field("port")?.int ?? 0
            guard let port = UInt16(exactly: number) else { throw fail("Port \(number) is no port") }
            return .wireguard(publicKey: key, port: port)
        default: return .other(text)
        }
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
