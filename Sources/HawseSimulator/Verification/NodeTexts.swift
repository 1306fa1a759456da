import Foundation
import HawseFormats
import HawseModel

/// The node's own dumps beside case.json: `iptables.v4`, `iptables.v6`, `ipset`, `ipvs`.
public enum NodeTexts {
    public static func read(into spec: inout NodeSpec, from directory: String) throws {
        for name in ["iptables.v4", "iptables.v6", "ipset", "ipvs"]
        where FileManager.default.fileExists(atPath: directory + "/" + name) {
            throw Unsupported(description: name)
        }
    }
}
