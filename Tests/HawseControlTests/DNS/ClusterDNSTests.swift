import Foundation
import HawseControl
import Testing

/// The table of answers of CoreDNS's `kubernetes` plugin.
@Suite struct ClusterDNSTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var id: String
        var kind: String
        var node: ManifestNode
        var testDescription: String { id }
        /// Multi-cluster names and the `k8s_external` plugin are not computed.
        var isForeign: Bool {
            ["multicluster", "external"].contains(kind) || node["config"]?["multicluster"].map { !$0.isNull } ?? false
        }
    }

    static let rows: [Row] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/coredns-kubernetes.json")
        guard let text = try? String(contentsOf: file, encoding: .utf8), let root = try? JSONReader.parse(text) else { return [] }
        return (root["rows"]?.items ?? []).map { Row(id: $0["id"]?.text ?? "", kind: $0["kind"]?.text ?? "", node: $0) }
    }()

    static let answers = rows.filter { !$0.isForeign && $0.kind != "name-parsing" }
    static let names = rows.filter { !$0.isForeign && $0.kind == "name-parsing" }

    @Test func tableIsComplete() {
        #expect(Self.rows.count == 86)
        #expect(Self.answers.count == 64)
        #expect(Self.names.count == 9)
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
        let query = DNSQuery(Array(labels), isZonal: row.node["config"]?["zonal"]?.flag ?? false)
        #expect((query != nil) == row.node["expect"]?["valid"]?.flag)
        guard let query, let parts = row.node["expect"]?["parts"] else { return }
        for (key, value) in [
            ("kind", query.kind?.rawValue ?? ""), ("namespace", query.namespace), ("service", query.service),
            ("endpoint", query.endpoint), ("port", query.port), ("protocol", query.transport), ("zone", query.zone),
        ] {
            #expect(value == parts[key]?.text ?? "", "\(key)")
        }
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
        options.isSynced = config["synced"]?.flag ?? true
        options.localAddresses = (config["localAddresses"]?.items ?? []).compactMap(\.text)
        var loader = ManifestLoader()
        for key in ["services", "endpointSlices", "pods"] {
            for object in row[key]?.items ?? [] { loader.load(text: JSONWriter.compact(object), file: key) }
        }
        #expect(loader.diagnostics.map(\.description) == [])
        return ClusterDNS(
            options: options, namespaces: (row["existingNamespaces"]?.items ?? []).compactMap(\.text),
            services: loader.known.compactMap { $0 as? Kubernetes.Service },
            slices: loader.known.compactMap { $0 as? Kubernetes.EndpointSlice },
            pods: loader.known.compactMap { $0 as? Kubernetes.Pod })
    }
}
