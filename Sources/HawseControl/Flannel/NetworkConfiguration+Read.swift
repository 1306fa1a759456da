import HawseModel
import HawseWire

extension Flannel.NetworkConfiguration {
    /// Fields of the text, as the daemon spells them; it takes them in any letter case.
    static let fieldNames = [
        "EnableIPv4", "EnableIPv6", "EnableNFTables", "Network", "IPv6Network", "SubnetMin", "SubnetMax",
        "IPv6SubnetMin", "IPv6SubnetMax", "SubnetLen", "IPv6SubnetLen", "Backend",
    ]

    /// Reads net-conf.json. Values of a wrong kind are refused by name; fields that the daemon would pass over come
    /// back as warnings. Defaults that depend on other fields are filled in by `completed()`.
    public static func read(_ text: String, file: String = "net-conf.json") throws(Flannel.ConfigurationError)
        -> (configuration: Self, warnings: [ManifestDiagnostic])
    {
        let root: ManifestNode
        do { root = try JSONReader.parse(text) } catch {
            throw Flannel.ConfigurationError([
                ManifestDiagnostic(severity: .error, file: file, mark: error.mark, field: "", message: error.reason)
            ])
        }
        guard let entries = root.entries else {
            throw Flannel.ConfigurationError(file: file, field: "", "an object is expected, found \(root.typeName)")
        }
        var reader = FlannelFieldReader(file: file)
        var result = Self()
        for entry in entries { result.take(entry, &reader) }
        if reader.problems.contains(where: { $0.severity == .error }) {
            throw Flannel.ConfigurationError(reader.problems.filter { $0.severity == .error })
        }
        return (result, reader.problems)
    }

    private mutating func take(_ entry: ManifestNode.Entry, _ reader: inout FlannelFieldReader) {
        guard let name = Self.fieldNames.first(where: { $0.lowercased() == entry.key.lowercased() }) else {
            reader.unknown(entry, among: Self.fieldNames)
            return
        }
        if entry.node.isNull { return }
        switch name {
        case "EnableIPv4": reader.flag(entry, name, &enableIPv4)
        case "EnableIPv6": reader.flag(entry, name, &enableIPv6)
        case "EnableNFTables": reader.flag(entry, name, &enableNFTables)
        case "Network": network = reader.network(entry, name, .ipv4)
        case "IPv6Network": ipv6Network = reader.network(entry, name, .ipv6)
        case "SubnetMin": subnetMin = reader.address(entry, name, .ipv4)
        case "SubnetMax": subnetMax = reader.address(entry, name, .ipv4)
        case "IPv6SubnetMin": ipv6SubnetMin = reader.address(entry, name, .ipv6)
        case "IPv6SubnetMax": ipv6SubnetMax = reader.address(entry, name, .ipv6)
        case "SubnetLen": reader.integer(entry, name, 0...32, &subnetLength)
        case "IPv6SubnetLen": reader.integer(entry, name, 0...128, &ipv6SubnetLength)
        default: backend = Flannel.Backend.read(entry.node, &reader)
        }
    }

    /// The text again, with the daemon's names and every value that is set.
    public var text: String {
        var fields: [String] = []
        func put(_ name: String, _ value: (some CustomStringConvertible)?) {
            if let value { fields.append("\"\(name)\":\"\(value)\"") }
        }
        if !enableIPv4 { fields.append("\"EnableIPv4\":false") }
        if enableIPv6 { fields.append("\"EnableIPv6\":true") }
        if enableNFTables { fields.append("\"EnableNFTables\":true") }
        put("Network", network)
        put("IPv6Network", ipv6Network)
        put("SubnetMin", subnetMin)
        put("SubnetMax", subnetMax)
        put("IPv6SubnetMin", ipv6SubnetMin)
        put("IPv6SubnetMax", ipv6SubnetMax)
        if subnetLength > 0 { fields.append("\"SubnetLen\":\(subnetLength)") }
        if ipv6SubnetLength > 0 { fields.append("\"IPv6SubnetLen\":\(ipv6SubnetLength)") }
        fields.append("\"Backend\":\(backend.text)")
        return "{" + fields.joined(separator: ",") + "}"
    }
}

/// Values out of a JSON text, with everything that is wrong by field.
struct FlannelFieldReader {
    let file: String
    var path: [String] = []
    var problems: [ManifestDiagnostic] = []

    init(file: String) { self.file = file }

    mutating func wrong(
        _ node: ManifestNode, _ name: String, _ message: String, severity: ManifestDiagnostic.Severity = .error,
        suggestion: String? = nil
    ) {
        problems.append(
            ManifestDiagnostic(
                severity: severity, file: file, mark: node.mark,
                field: (path + (name.isEmpty ? [] : [name])).joined(separator: "."),
                message: message, suggestion: suggestion))
    }

    mutating func unknown(_ entry: ManifestNode.Entry, among known: [String]) {
        wrong(
            ManifestNode(.null, mark: entry.mark), entry.key, "flannel does not know this field and passes over it",
            severity: .warning, suggestion: nearestWord(entry.key, among: known))
    }

    mutating func flag(_ entry: ManifestNode.Entry, _ name: String, _ value: inout Bool) {
        guard let flag = entry.node.flag else {
            return wrong(entry.node, name, "true or false is expected, found \(entry.node.typeName)")
        }
        value = flag
    }

    mutating func integer(
        _ entry: ManifestNode.Entry, _ name: String, _ range: ClosedRange<Int>, _ value: inout Int
    ) {
        guard let number = entry.node.int else {
            return wrong(entry.node, name, "a whole number is expected, found \(entry.node.typeName)")
        }
        guard range.contains(number) else {
            return wrong(entry.node, name, "\(number) is not in \(range.lowerBound)…\(range.upperBound)")
        }
        value = number
    }

    mutating func text(_ entry: ManifestNode.Entry, _ name: String) -> String? {
        guard let text = entry.node.text else {
            wrong(entry.node, name, "a string is expected, found \(entry.node.typeName)")
            return nil
        }
        return text
    }

    mutating func network(_ entry: ManifestNode.Entry, _ name: String, _ family: AddressFamily) -> IPPrefix? {
        guard let text = text(entry, name) else { return nil }
        guard text.contains("/"), let prefix = IPPrefix(text), prefix.family == family else {
            wrong(entry.node, name, "\"\(text)\" is no \(family == .ipv4 ? "IPv4" : "IPv6") network (address/length)")
            return nil
        }
        return prefix.network
    }

    mutating func address(_ entry: ManifestNode.Entry, _ name: String, _ family: AddressFamily) -> IPAddress? {
        guard let text = text(entry, name) else { return nil }
        guard let address = IPAddress(text), address.family == family else {
            wrong(entry.node, name, "\"\(text)\" is no \(family == .ipv4 ? "IPv4" : "IPv6") address")
            return nil
        }
        return address
    }
}
