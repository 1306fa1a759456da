import Foundation

/// Changes of a node while packets flow.
extension KernelNode {
    /// Runs a command in the node and waits until all that it begins has been done; false: the kernel refuses it.
    func carryOut(_ command: String) throws -> Bool {
        let words = command.split(separator: " ").map(String.init)
        switch words[0] {
        case "sysctl":
            guard let setting = words.last, let equals = setting.firstIndex(of: "=") else { return false }
            try set(String(setting[..<equals]), to: String(setting[setting.index(after: equals)...]))
        case "bridge":
            guard (try? LiveNamespaces.run(LiveNamespaces.bridge, ["-n", router] + words.dropFirst())) != nil else { return false }
        default:
            guard (try? LiveNamespaces.run(LiveNamespaces.ip, ["-n", router] + words.dropFirst())) != nil else { return false }
        }
        if words.contains("link") {
            if words.last == "up" { try awaitUp(words[3]) }
            // Ports of a bridge that is down do not work, and none of a bridge's may be waited for then.
            let bridges = setup.interfaces.filter { $0.kind == "bridge" }.map(\.name)
            let areUp = try bridges.allSatisfy {
                try LiveNamespaces.run(LiveNamespaces.ip, ["-n", router, "link", "show", "dev", $0]).contains(",UP")
            }
            if areUp { try awaitPorts() }
        }
        // Addresses begin to count, and the kernel's link watch sees what it has to see.
        usleep(20_000)
        return true
    }

    /// Until a device works again: its queue and its other end's, and the address that it gives itself.
    private func awaitUp(_ device: String) throws {
        let deadline = Date().addingTimeInterval(5)
        func isDone() throws -> Bool {
            let here = try LiveNamespaces.run(LiveNamespaces.ip, ["-n", router, "link", "show", "dev", device])
            guard here.contains("LOWER_UP"), here.contains("state UP") || here.contains("state UNKNOWN") else { return false }
            if wires[device] != nil {
                let there = try LiveNamespaces.run(LiveNamespaces.ip, ["-n", hub, "link", "show", "dev", "h-\(device)"])
                guard there.contains("LOWER_UP"), there.contains("state UP") || there.contains("state UNKNOWN") else { return false }
            }
            guard let mtu = here.firstMatch(of: #/ mtu (\d+)/#).flatMap({ Int($0.output.1) }), mtu >= 1280 else { return true }
            return try LiveNamespaces.run(LiveNamespaces.ip, ["-n", router, "-6", "addr", "show", "dev", device, "scope", "link"])
                .contains("fe80")
        }
        while try !isDone() {
            guard Date() < deadline else { throw LiveNamespaces.Failure(message: "\(device) does not come up") }
            usleep(5000)
        }
    }
}
