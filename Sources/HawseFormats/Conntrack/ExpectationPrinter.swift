import HawseModel
import HawseWire

/// `conntrack -L expect`: one expectation a line. The tool does not tell zones.
public enum ExpectationPrinter {
    /// The line of one expectation, without a newline. The timer is printed where it is given.
    public static func line(_ expectation: ExpectationListing) -> String {
        let master = expectation.master
        // Both helpers know the peer's and the own address, and the destination's port.
        let whole = expectation.source.family == .ipv4 ? "255.255.255.255" : [String](repeating: "ffff", count: 8).joined(separator: ":")
        var words = expectation.timeout.map { ["\($0)"] } ?? []
        words += ["proto=\(expectation.ipProtocol.rawValue)"]
        words += ["src=\(expectation.source)", "dst=\(expectation.destination)"]
        words += ["sport=\(expectation.sourcePort)", "dport=\(expectation.destinationPort)"]
        words += ["mask-src=\(whole)", "mask-dst=\(whole)", "sport=0", "dport=65535"]
        words += ["master-src=\(master.source)", "master-dst=\(master.destination)"]
        if case .ports(let source, let destination) = master.ports { words += ["sport=\(source)", "dport=\(destination)"] }
        words += ["class=0", "helper=\(expectation.helper)"]
        return words.joined(separator: " ")
    }

    /// The whole listing without timers, sorted: what two listings are compared by.
    public static func timelessListing(_ expectations: [ExpectationListing]) -> String {
        let lines = expectations.map { expectation in
            var timeless = expectation
            timeless.timeout = nil
            return line(timeless)
        }
        return lines.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }.map { $0 + "\n" }.joined()
    }
}
