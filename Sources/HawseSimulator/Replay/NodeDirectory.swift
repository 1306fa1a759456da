import Foundation
import HawseFormats
import HawseModel

/// A node from its own dumps: a folder with case.json and any of `iptables.v4`, `iptables.v6`, `ipset`, `ipvs`.
public enum NodeDirectory {
    public static func load(_ directory: String) throws -> NodeSpec {
        let file = try CaseFile(contentsOf: directory + "/case.json")
        var spec = file.spec
        try NodeTexts.read(into: &spec, from: directory)
        return spec
    }
}
