import Foundation
import HawseFormats
import HawseModel

/// A node from its own dumps: a folder with case.json, or with what iproute2 printed (`NodeDump`), and any of `iptables.v4`,
/// `iptables.v6`, `ipset`, `ipvs`.
public enum NodeDirectory {
    /// Whether a folder is one, rather than one of manifests.
    public static func isNode(_ directory: String) -> Bool {
        ["case.json", NodeDump.links].contains { FileManager.default.fileExists(atPath: directory + "/" + $0) }
    }

    /// `notes` get what the dumps have and the node cannot show.
    public static func load(_ directory: String, notes: inout [String]) throws -> NodeSpec {
        guard isNode(directory) else {
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: directory, isDirectory: &isFolder)
            throw FormatError(
                file: directory, line: 0,
                message: !exists
                    ? "no such folder" : isFolder.boolValue ? "the folder has neither case.json nor \(NodeDump.links)" : "this is no folder")
        }
        var spec: NodeSpec
        let hasCase = FileManager.default.fileExists(atPath: directory + "/case.json")
        if !hasCase, FileManager.default.fileExists(atPath: directory + "/" + NodeDump.links) {
            let dump = try NodeDump(directory: directory)
            spec = dump.spec
            notes += dump.notes
        } else {
            let file = try CaseFile(contentsOf: directory + "/case.json")
            spec = file.spec
            notes += file.notes + missingDevices(spec)
        }
        try NodeTexts.read(into: &spec, from: directory)
        return spec
    }

    /// Routes by devices that the node does not have lead nowhere.
    private static func missingDevices(_ spec: NodeSpec) -> [String] {
        let names = spec.interfaces.map(\.name)
        return spec.routes.flatMap { route in
            route.nextHops.compactMap { hop in
                guard let device = hop.device, device != "lo", !names.contains(device) else { return nil }
                return "route \(route): the node has no device `\(device)': left out"
            }
        }
    }
}
