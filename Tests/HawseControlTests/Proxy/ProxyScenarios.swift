import Foundation
import HawseControl
import HawseWire

/// The recorded scenarios of `pcaps/k8s`: objects of a real API server and what real kube-proxies wrote.
enum ProxyScenarios {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "pcaps/k8s").path

    /// One moment of a scenario: objects, and folders of nodes.
    struct Stage: Sendable, CustomStringConvertible {
        var scenario: String
        /// Below the root: `mixed-app`, `deployment-scale/stage-1-three`.
        var folder: String
        var nodes: [String]
        var description: String { folder }

        func expected(_ node: String, _ file: String) -> String? {
            ProxyScenarios.text("\(folder)/\(node)/\(file)")
        }
    }

    /// What was different when a recording was taken from what the objects beside it say. With that put right the
    /// rules are equal: nothing else differs.
    enum Circumstance {
        /// Syncs were being timed: these Services had just lost their first endpoint.
        case withoutFirstEndpoint(of: Set<String>)
        /// kube-proxy wrote its base chains before its watch had brought the ServiceCIDR.
        case beforeServiceRanges
        /// kube-proxy goes over the node's addresses as a Go map has them; with two of them they are in the order of
        /// `nodePortAddresses` seven times out of eight.
        case otherMapOrder
    }

    static let circumstances: [String: Circumstance] = [
        "large-1000x5/node-a nft": .withoutFirstEndpoint(of: ["s0000", "s0037", "s0074", "s0111", "s0148"]),
        "session-affinity/node-a nft": .beforeServiceRanges,
        "cfg-nodeport-addresses/node-c iptables.v4": .otherMapOrder,
    ]

    /// What a proxy renders for one recorded file.
    static func render(
        _ stage: Stage, _ node: String, _ file: String, mode: ProxyMode? = nil, _ objects: ProxyRenderer.Objects,
        _ configuration: ProxyConfiguration
    ) -> ProxyState {
        var (objects, configuration) = (objects, configuration)
        var history: [ProxyRenderer.Objects] = []
        switch circumstances["\(stage.folder)/\(node) \(file)"] {
        case .withoutFirstEndpoint(let names):
            for index in objects.slices.indices where names.contains(objects.slices[index].serviceName ?? "") {
                let first = objects.slices[index].endpoints.indices.min { a, b in
                    let (x, y) = (objects.slices[index].endpoints[a], objects.slices[index].endpoints[b])
                    return IPAddress(x.addresses[0])! < IPAddress(y.addresses[0])!
                }
                if let first { objects.slices[index].endpoints.remove(at: first) }
            }
        case .beforeServiceRanges:
            history = [objects]
            history[0].ranges = []
        case .otherMapOrder: configuration.nodePortAddresses.reverse()
        case nil: break
        }
        return ProxyRenderer.render(
            objects, after: history, node: objects.node(node), mode: mode, configuration: configuration)
    }

    static let stages: [Stage] = {
        let files = FileManager.default
        var stages: [Stage] = []
        for scenario in (try? files.contentsOfDirectory(atPath: root).sorted()) ?? [] {
            guard files.fileExists(atPath: "\(root)/\(scenario)/proxy-config.yaml") else { continue }
            let entries = ((try? files.contentsOfDirectory(atPath: "\(root)/\(scenario)")) ?? []).sorted()
            for folder in [scenario] + entries.filter({ $0.hasPrefix("stage-") }).map({ "\(scenario)/\($0)" }) {
                guard files.fileExists(atPath: "\(root)/\(folder)/objects") else { continue }
                let inside = ((try? files.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []).sorted()
                let nodes = inside.filter { $0.hasPrefix("node-") }
                if !nodes.isEmpty { stages.append(Stage(scenario: scenario, folder: folder, nodes: nodes)) }
            }
        }
        return stages
    }()

    /// A file below the root, unpacked when it is stored with `.gz`.
    static func text(_ name: String) -> String? {
        let path = "\(root)/\(name)"
        if let data = FileManager.default.contents(atPath: path) { return String(decoding: data, as: UTF8.self) }
        guard FileManager.default.fileExists(atPath: path + ".gz") else { return nil }
        let gzip = Process()
        gzip.executableURL = URL(filePath: "/bin/sh")
        gzip.arguments = ["-c", "exec gzip -dc \"$0\"", path + ".gz"]
        let pipe = Pipe()
        gzip.standardOutput = pipe
        guard (try? gzip.run()) != nil else { return nil }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        gzip.waitUntilExit()
        return gzip.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
    }

    static func objects(_ stage: Stage) throws -> ProxyRenderer.Objects {
        var loader = ManifestLoader()
        for kind in ["nodes", "services", "endpointslices", "servicecidrs"] {
            if let text = text("\(stage.folder)/objects/\(kind).yaml") { loader.load(text: text, file: kind) }
        }
        struct BadObjects: Error { var diagnostics: [ManifestDiagnostic] }
        if loader.hasErrors { throw BadObjects(diagnostics: loader.diagnostics) }
        var objects = ProxyRenderer.Objects(loader)
        if objects.ranges.isEmpty {
            // The large clusters' objects leave the range out that all of them have.
            objects.ranges = [Kubernetes.ServiceCIDR()]
            objects.ranges[0].spec.cidrs = ["10.96.0.0/12"]
        }
        return objects
    }

    static func configuration(_ scenario: String) throws -> ProxyConfiguration {
        let text = text("\(scenario)/proxy-config.yaml") ?? ""
        return try ProxyConfiguration.parse(text, file: "\(scenario)/proxy-config.yaml").configuration
    }
}
