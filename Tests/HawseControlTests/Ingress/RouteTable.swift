import Foundation
import HawseControl
import HawseModel
import Testing

/// A row of a peer's table about requests.
struct RouteRow: Sendable, CustomTestStringConvertible {
    var id: String
    var kind: String
    var node: ManifestNode
    var testDescription: String { id }

    static func table(_ name: String) -> [RouteRow] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(
            path: "Fixtures/\(name).json")
        guard let text = try? String(contentsOf: file, encoding: .utf8), let root = try? JSONReader.parse(text) else { return [] }
        return (root["rows"]?.items ?? []).map { RouteRow(id: $0["id"]?.text ?? "", kind: $0["kind"]?.text ?? "", node: $0) }
    }

    /// The objects under these keys, read as manifests.
    func objects(_ keys: [String]) -> [LoadedObject] {
        var loader = ManifestLoader()
        for key in keys { for object in node[key]?.items ?? [] { loader.load(node: object, file: key) } }
        #expect(!loader.hasErrors, "\(loader.diagnostics)")
        return loader.objects
    }

    func request(_ change: (inout [ManifestNode.Entry]) -> Void = { _ in }) throws -> RouteRequest {
        var entries = node["request"]?.entries ?? []
        change(&entries)
        var unknown: [String] = []
        let request = try RouteRequest(ManifestNode(.map(entries)), unknown: &unknown)
        #expect(Set(unknown).isSubset(of: ["repeat", "listener", "protocol"]), "\(unknown)")
        return request
    }

    var repetitions: Int { node["request"]?["repeat"]?.int ?? 1 }

    /// One ready endpoint for each replica of each Service that has pods.
    func addEndpoints(to objects: inout RouteObjects) {
        objects.knowsEndpoints = true
        for (number, key) in objects.services.keys.sorted().enumerated() {
            guard let service = objects.services[key], service.spec.type != .externalName else { continue }
            var slice = Kubernetes.EndpointSlice()
            slice.metadata = .init(name: key.name, namespace: key.namespace, labels: ["kubernetes.io/service-name": key.name])
            slice.ports = service.spec.ports.map { port in
                var entry = Kubernetes.EndpointPort()
                (entry.name, entry.port, entry.protocol) = (port.name, 8000 + port.port % 1000, .tcp)
                return entry
            }
            for replica in 0..<(node["replicas"]?[key.name]?.int ?? 1) {
                var endpoint = Kubernetes.Endpoint()
                endpoint.addresses = ["10.244.\(number + 1).\(replica + 1)"]
                slice.endpoints.append(endpoint)
            }
            objects.add(slice)
        }
    }
}

extension ManifestNode {
    /// Names and values of an object of texts.
    var texts: [(String, String)] { (entries ?? []).map { ($0.key, $0.node.text ?? "\($0.node.int ?? 0)") } }
    var words: [String] { (items ?? []).compactMap(\.text) }
}

/// A TLS Secret with a certificate for these names: no key, no valid signature, but names where X.509 has them.
func tlsSecret(_ name: String, namespace: String, hosts: [String]) -> Kubernetes.Secret {
    func der(_ tag: UInt8, _ parts: [UInt8]...) -> [UInt8] {
        let body = parts.flatMap { $0 }
        let length: [UInt8] = body.count < 128 ? [UInt8(body.count)] : [0x82, UInt8(body.count >> 8), UInt8(body.count & 255)]
        return [tag] + length + body
    }
    let subject = der(0x30, der(0x31, der(0x30, der(0x06, [0x55, 0x04, 0x03]), der(0x0c, Array((hosts.first ?? "").utf8)))))
    let names = der(0x30, hosts.flatMap { der(0x82, Array($0.utf8)) })
    let extensions = der(0xa3, der(0x30, der(0x30, der(0x06, [0x55, 0x1d, 0x11]), der(0x01, [0xff]), der(0x04, names))))
    let body = der(
        0x30, der(0xa0, der(0x02, [2])), der(0x02, [1]), der(0x30), der(0x30), der(0x30), subject, der(0x30), extensions)
    let text =
        "-----BEGIN CERTIFICATE-----\n\(Data(der(0x30, body, der(0x30), der(0x03, [0]))).base64EncodedString())\n-----END CERTIFICATE-----\n"
    var secret = Kubernetes.Secret()
    secret.metadata = .init(name: name, namespace: namespace)
    secret.type = "kubernetes.io/tls"
    secret.data = ["tls.crt": .init(Data(text.utf8).base64EncodedString()), "tls.key": ""]
    return secret
}
