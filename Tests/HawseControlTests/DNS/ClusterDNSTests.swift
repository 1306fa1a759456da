import Foundation
import HawseControl
import HawseModel
import Testing

/// The table of answers of CoreDNS's `kubernetes` plugin.
@Suite struct ClusterDNSTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var id: String
        var kind: String
        var node: ManifestNode
        var testDescription: String { id }
    }

    static let rows: [Row] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/coredns-kubernetes.json")
        guard let text = try? String(contentsOf: file, encoding: .utf8), let root = try? JSONReader.parse(text) else { return [] }
        return (root["rows"]?.items ?? []).map { Row(id: $0["id"]?.text ?? "", kind: $0["kind"]?.text ?? "", node: $0) }
    }()

    static let answers = rows.filter { $0.kind != "name-parsing" && $0.kind != "external" }
    static let names = rows.filter { $0.kind == "name-parsing" }
    static let external = rows.filter { $0.kind == "external" }

    @Test func tableIsComplete() {
        #expect(Self.rows.count == 86)
        #expect(Self.answers.count == 70)
        #expect(Self.names.count == 11)
        #expect(Self.external.count == 5)
    }

    @Test(arguments: answers)
    func answerIsAsRecorded(row: Row) throws {
        let question = try #require(row.node["question"])
        let name = DomainName(question["name"]?.text ?? "")
        let type = try #require(DNSType(rawValue: question["type"]?.text ?? ""))
        let answer = try server(row.node).answer(name, type)
        let expected = try #require(row.node["expect"])
        #expect(answer.code.rawValue == expected["rcode"]?.text)
        for (key, records) in [("answer", answer.answer), ("ns", answer.authority), ("extra", answer.additional)] {
            guard let wanted = expected[key]?.items else { continue }
            #expect(Set(records.map(Self.text)) == Set(wanted.map(Self.text)), "\(key)")
            #expect(records.count == wanted.count, "\(key)")
        }
        if let alias = answer.answer.firstIndex(where: { $0.type == .cname }) { #expect(alias == 0) }
    }

    /// How a name splits.
    @Test(arguments: names)
    func nameIsTakenApart(row: Row) throws {
        let name = DomainName(row.node["question"]?["name"]?.text ?? "")
        let zone = DomainName(row.node["config"]?["zones"]?[0]?.text ?? "")
        let labels = name.labels.dropLast(zone.labels.count).map { $0.lowercased() }
        let config = row.node["config"]
        let query = DNSQuery(
            Array(labels), isZonal: config?["zonal"]?.flag ?? false, isMulticluster: config?["multicluster"]?.flag ?? false)
        #expect((query != nil) == row.node["expect"]?["valid"]?.flag)
        guard let query, let parts = row.node["expect"]?["parts"] else { return }
        for (key, value) in [
            ("kind", query.kind?.rawValue ?? ""), ("namespace", query.namespace), ("service", query.service),
            ("endpoint", query.endpoint), ("port", query.port), ("protocol", query.transport), ("zone", query.zone),
            ("cluster", query.cluster),
        ] {
            #expect(value == parts[key]?.text ?? "", "\(key)")
        }
    }

    /// The `k8s_external` plugin's targets: addresses, ports, weights.
    @Test(arguments: external)
    func servicesSeenFromOutside(row: Row) throws {
        var options = ClusterDNS.Options()
        options.external.zones = (row.node["config"]?["externalZones"]?.items ?? []).map { DomainName($0.text ?? "") }
        options.external.isHeadless = true
        options.namespaces = (row.node["config"]?["namespaces"]?.items ?? []).compactMap(\.text)
        var services: [Kubernetes.Service] = []
        var slices: [Kubernetes.EndpointSlice] = []
        for item in row.node["services"]?.items ?? [] {
            let (service, slice) = try short(item)
            services.append(service)
            if let slice { slices.append(slice) }
        }
        let server = ClusterDNS(options: options, namespaces: ["testns"], services: services, slices: slices)
        let name = DomainName(row.node["question"]?["name"]?.text ?? "")
        let found = server.externalTargets(name, try #require(options.external.zones.first))
        let expected = try #require(row.node["expect"])
        #expect((found == nil) == (expected["rcode"]?.text == "NXDOMAIN"))
        func text(_ host: String, _ port: Int, _ weight: Int) -> String { "\(host) \(port) \(weight)" }
        #expect(
            (found ?? []).map { text("\($0.address)", $0.port, $0.weight ?? 0) }.sorted()
                == (expected["targets"]?.items ?? []).map {
                    text($0["host"]?.text ?? "", $0["port"]?.int ?? 0, $0["weight"]?.int ?? 0)
                }.sorted())
        let answer = server.answer(name, .a)
        #expect(answer.code.rawValue == expected["rcode"]?.text)
        #expect(answer.answer.map(\.data) == (found ?? []).filter { $0.address.family == .ipv4 }.map { "\($0.address)" })
    }

    /// The table's short form of a Service with its endpoints.
    private func short(_ node: ManifestNode) throws -> (Kubernetes.Service, Kubernetes.EndpointSlice?) {
        let (name, namespace) = (node["name"]?.text ?? "", node["namespace"]?.text ?? "")
        let ports = JSONWriter.compact(try #require(node["ports"]))
        let addresses = (node["externalIPs"]?.items ?? []).map(JSONWriter.compact).joined(separator: ",")
        var loader = ManifestLoader()
        loader.load(
            text: """
                {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "\(name)", "namespace": "\(namespace)"},
                 "spec": {"clusterIP": "\(node["clusterIP"]?.text ?? "10.0.0.1")", "externalIPs": [\(addresses)], "ports": \(ports)}}
                """, file: "service")
        if let endpoints = node["endpoints"]?.items {
            let list = endpoints.map { endpoint in
                "{\"addresses\": [\"\(endpoint["ip"]?.text ?? "")\"], \"hostname\": \"\(endpoint["hostname"]?.text ?? "")\"}"
            }.joined(separator: ",")
            loader.load(
                text: """
                    {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                     "metadata": {"name": "\(name)-1", "namespace": "\(namespace)", "labels": {"kubernetes.io/service-name": "\(name)"}},
                     "endpoints": [\(list)], "ports": \(ports)}
                    """, file: "slice")
        }
        #expect(loader.diagnostics.map(\.description) == [])
        return (try #require(loader.all(Kubernetes.Service.self).first), loader.all(Kubernetes.EndpointSlice.self).first)
    }

    /// Name, type, data and TTL; of an SOA only the two names, as the table has them.
    private static func text(_ record: DNSRecord) -> String {
        let data = record.type == .soa ? record.data.split(separator: " ").prefix(2).joined(separator: " ") : record.data
        return "\(record.name) \(record.ttl) \(record.type.rawValue) \(data)"
    }

    private static func text(_ node: ManifestNode) -> String {
        "\(node["name"]?.text ?? "") \(node["ttl"]?.int ?? -1) \(node["type"]?.text ?? "") \(node["data"]?.text ?? "")"
    }

    private func server(_ row: ManifestNode) throws -> ClusterDNS {
        var options = ClusterDNS.Options()
        let config = try #require(row["config"])
        options.zones = (config["zones"]?.items ?? []).map { DomainName($0.text ?? "") }
        options.namespaces = (config["namespaces"]?.items ?? []).compactMap(\.text)
        options.pods = config["pods"]?.text.flatMap { ClusterDNS.PodMode(rawValue: $0) } ?? .disabled
        options.ignoresEmptyServices = config["ignoreEmptyService"]?.flag ?? false
        options.isZonal = config["zonal"]?.flag ?? false
        options.multiclusterZones = (config["multicluster"]?.items ?? []).map { DomainName($0.text ?? "") }
        options.isSynced = config["synced"]?.flag ?? true
        options.localAddresses = (config["localAddresses"]?.items ?? []).compactMap(\.text)
        var loader = ManifestLoader()
        for key in ["services", "endpointSlices", "pods"] {
            for object in row[key]?.items ?? [] { loader.load(text: JSONWriter.compact(object), file: key) }
        }
        #expect(loader.diagnostics.map(\.description) == [])
        var imported = ManifestLoader()
        for object in row["serviceImports"]?.items ?? [] { imported.load(text: JSONWriter.compact(object), file: "imports") }
        let imports = imported.objects.compactMap { object in
            if case .unknown(let unknown) = object.content { ServiceImport(unknown) } else { nil }
        }
        return ClusterDNS(
            options: options, namespaces: (row["existingNamespaces"]?.items ?? []).compactMap(\.text),
            services: loader.known.compactMap { $0 as? Kubernetes.Service },
            slices: loader.known.compactMap { $0 as? Kubernetes.EndpointSlice },
            pods: loader.known.compactMap { $0 as? Kubernetes.Pod }, imports: imports)
    }
}
