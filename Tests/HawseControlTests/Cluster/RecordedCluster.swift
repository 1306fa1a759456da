import Foundation
import HawseControl

/// The scenarios under pcaps/k8s: manifests in, and what Kubernetes 1.36.2 made of them.
enum RecordedCluster {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "pcaps/k8s")

    static let names: [String] = {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return all.filter { FileManager.default.fileExists(atPath: folder.appending(path: "\($0)/manifests").path) }.sorted()
    }()

    /// Scenarios whose objects were taken once, after all manifests.
    static let plain = names.filter { FileManager.default.fileExists(atPath: folder.appending(path: "\($0)/objects").path) }

    static func load(_ path: String) -> ManifestLoader {
        var loader = ManifestLoader()
        loader.load(path: folder.appending(path: path).path)
        return loader
    }
}
