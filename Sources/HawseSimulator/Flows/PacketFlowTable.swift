import HawseControl
import HawseModel
import HawseWire

/// A table of cluster states and packets, as `hawse flows` reads it: what a proxy's rules make of each packet.
public struct PacketFlowTable: Sendable {
    public struct Case: Sendable {
        public var id: String
        public var mode: ProxyMode
        public var settings: ProxySettings
        public var services: [Kubernetes.Service]
        public var slices: [Kubernetes.EndpointSlice]
        public var packets: [FlowPacket]
        /// What the table promises for each packet, where it does.
        public var expected: [FlowOutcome?]
    }

    /// What is wrong with a table, and where.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public var file: String
        public var mark: SourceMark
        public var reason: String
        public var description: String {
            mark == .none ? "\(file): \(reason)" : "\(file):\(mark.line):\(mark.column): \(reason)"
        }
    }

    public var cases: [Case] = []

    public init(text: String, file: String) throws(Failure) {
        let root: ManifestNode
        do throws(JSONReader.Failure) { root = try JSONReader.parse(text) } catch {
            throw Failure(file: file, mark: error.mark, reason: error.reason)
        }
        guard let items = root["cases"]?.items else {
            throw Failure(file: file, mark: root.mark, reason: "\"cases\" is missing")
        }
        for item in items { cases.append(try Self.read(item, file)) }
    }

    private static func read(_ node: ManifestNode, _ file: String) throws(Failure) -> Case {
        func fail(_ node: ManifestNode, _ reason: String) -> Failure {
            Failure(file: file, mark: node.mark, reason: reason)
        }
        guard let id = node["id"]?.text else { throw fail(node, "a case has no \"id\"") }
        let word = node["mode"]?.text ?? "iptables"
        guard let mode = ProxyMode(rawValue: word) else {
            throw fail(node["mode"] ?? node, "unknown mode \"\(word)\"")
        }
        let settings = try settings(node["config"] ?? .null, mode, file)
        var packets: [FlowPacket] = []
        var expected: [FlowOutcome?] = []
        for item in node["packets"]?.items ?? [] {
            packets.append(try packet(item, file))
            expected.append(outcome(item["expect"]))
        }
        return Case(
            id: id, mode: mode, settings: settings,
            services: try objects(node["services"], Kubernetes.Service.self, file),
            slices: try objects(node["endpointSlices"], Kubernetes.EndpointSlice.self, file), packets: packets,
            expected: expected)
    }

    private static func objects<T: KubernetesObject>(
        _ node: ManifestNode?, _ type: T.Type, _ file: String
    ) throws(Failure) -> [T] {
        var result: [T] = []
        for item in node?.items ?? [] {
            let context = FieldContext(file: file)
            var body = item
            body.value = .map((item.entries ?? []).filter { $0.key != "kind" && $0.key != "apiVersion" })
            guard let object = T.read(body, context), !context.hasErrors else {
                let first = context.diagnostics.first { $0.severity == .error }
                throw Failure(
                    file: file, mark: first?.mark ?? item.mark, reason: first?.message ?? "not a \(T.kind)")
            }
            result.append(object)
        }
        return result
    }

    private static func settings(
        _ node: ManifestNode, _ mode: ProxyMode, _ file: String
    ) throws(Failure) -> ProxySettings {
        let family: AddressFamily = node["ipFamily"]?.text == "IPv6" ? .ipv6 : .ipv4
        var proxyNode = ProxyNode(name: node["node"]?.text ?? "node")
        if let address = node["nodeIP"]?.text.flatMap({ IPAddress($0) }) {
            if address.family == .ipv4 { proxyNode.primaryIPv4 = address } else { proxyNode.primaryIPv6 = address }
        }
        if let zone = node["zone"]?.text { proxyNode.labels["topology.kubernetes.io/zone"] = zone }
        proxyNode.localAddresses = (node["localAddresses"]?.items ?? []).compactMap { $0.text }.compactMap { IPAddress($0) }
        proxyNode.localAddresses += [IPAddress(ipv4: 0x7f00_0001), IPAddress(ipv6High: 0, low: 1)]
        var configuration = ProxyConfiguration()
        configuration.mode = mode.rawValue
        configuration.iptables.masqueradeAll = node["masqueradeAll"]?.flag ?? false
        configuration.nftables.masqueradeAll = configuration.iptables.masqueradeAll
        configuration.iptables.localhostNodePorts = node["localhostNodePorts"]?.flag
        // A list as Go prints it: `[192.168.0.0/24 127.0.0.1/32]`.
        configuration.nodePortAddresses = (node["nodePortAddresses"]?.text ?? "")
            .split { $0 == "[" || $0 == "]" || $0 == " " }.map { String($0) }
        let ranges = (node["serviceCIDRs"]?.items ?? []).compactMap { $0.text }.compactMap { IPPrefix($0) }
        var settings = ProxySettings(
            configuration, mode: mode, family: family, node: proxyNode, serviceRanges: ranges)
        if let text = node["masqueradeMark"]?.text, text.hasPrefix("0x"), let mark = UInt32(text.dropFirst(2), radix: 16) {
            settings.mark = mark
        }
        if let text = node["detectLocal"]?.text {
            settings.detector = IPPrefix(text).map { .prefix($0) } ?? .interface(text)
        }
        return settings
    }

    private static func packet(_ node: ManifestNode, _ file: String) throws(Failure) -> FlowPacket {
        let incomplete = Failure(
            file: file, mark: node.mark, reason: "a packet needs source, protocol, destination and port")
        guard let source = address(node["source"]), let destination = address(node["destination"]) else { throw incomplete }
        guard let port = UInt16(exactly: node["port"]?.int ?? -1) else { throw incomplete }
        let ipProtocol: IPProtocol
        switch node["protocol"]?.text?.uppercased() ?? "TCP" {
        case "TCP": ipProtocol = .tcp
        case "UDP": ipProtocol = .udp
        case "SCTP": ipProtocol = .sctp
        default: throw incomplete
        }
        return FlowPacket(
            source: source, destination: destination, ipProtocol: ipProtocol, port: port,
            interface: node["interface"]?.text)
    }

    private static func address(_ node: ManifestNode?) -> IPAddress? {
        guard let text = node?.text else { return nil }
        return IPAddress(text)
    }

    private static func outcome(_ node: ManifestNode?) -> FlowOutcome? {
        guard let node, let verdict = node["verdict"]?.text.flatMap({ FlowOutcome.Verdict(rawValue: $0) }) else {
            return nil
        }
        return FlowOutcome(
            verdict: verdict, to: (node["to"]?.items ?? []).compactMap { $0.text }.sorted(),
            masquerade: node["masquerade"]?.flag ?? false)
    }
}
