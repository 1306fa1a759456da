import Foundation
import HawseControl

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

    /// Recordings that objects/ cannot explain, with the reason.
    static let unexplained = [
        "large-1000x5": "recorded while endpoints were being taken away to time syncs",
        "session-affinity/node-a nft": "recorded before the ServiceCIDR had been seen",
        "cfg-nodeport-addresses/node-c iptables.v4": "two node-port rules stand in a hash map's order",
    ]

    static let stages: [Stage] = {
        let files = FileManager.default
        var stages: [Stage] = []
        for scenario in (try? files.contentsOfDirectory(atPath: root).sorted()) ?? [] {
            guard files.fileExists(atPath: "\(root)/\(scenario)/proxy-config.yaml"),
                unexplained[scenario] == nil
            else { continue }
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
        return ProxyRenderer.Objects(loader)
    }

    static func configuration(_ scenario: String) throws -> ProxyConfiguration {
        let text = text("\(scenario)/proxy-config.yaml") ?? ""
        return try ProxyConfiguration.parse(text, file: "\(scenario)/proxy-config.yaml").configuration
    }
}
