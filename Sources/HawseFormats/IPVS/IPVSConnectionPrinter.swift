import HawseModel
import HawseWire

/// Prints what `ipvsadm -L -n -c` prints.
public struct IPVSConnectionPrinter: Sendable {
    /// Without the heading and the timers, words parted by one blank, lines sorted: as golden cases keep them.
    public var isRecorded: Bool
    /// `--persistent-conn`: with what the persistence engine knows.
    public var showsEngine: Bool

    public init(isRecorded: Bool = false, showsEngine: Bool = false) {
        self.isRecorded = isRecorded
        self.showsEngine = showsEngine
    }

    public func text(_ connections: [IPVSListing.Connection]) -> String {
        if isRecorded {
            let lines = connections.map { connection in
                (["\(protocolName(connection.ipProtocol))", connection.state] + connection.ends).joined(
                    separator: " ")
            }
            return lines.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { $0 + "\n" }.joined()
        }
        return "IPVS connection entries\n"
            + (showsEngine
                ? "pro expire state       source             virtual            destination        pe name          pe_data\n"
                : "pro expire state       source             virtual            destination\n")
            + connections.map { line($0) + "\n" }.joined()
    }

    /// `TCP 14:59  ESTABLISHED 198.51.100.9:4000  203.0.113.10:80    10.1.0.11:8080`
    public func line(_ connection: IPVSListing.Connection) -> String {
        let ends = connection.ends
        if showsEngine, let data = connection.engineData, !data.isEmpty {
            return [
                padded(protocolName(connection.ipProtocol), 3), padded(connection.expiryText, 6),
                padded(connection.state, 11), padded(ends[0], 18), padded(ends[1], 18), padded(ends[2], 16),
                padded("sip", 18), data,
            ].joined(separator: " ")
        }
        return [
            padded(protocolName(connection.ipProtocol), 3), padded(connection.expiryText, 6),
            padded(connection.state, 11), padded(ends[0], 18), padded(ends[1], 18), ends[2],
        ].joined(separator: " ")
    }
}

extension IPVSListing.Connection {
    /// Client, virtual address and destination, each with its port.
    var ends: [String] {
        [
            client.description(port: clientPort), virtual.description(port: virtualPort),
            destination.description(port: destinationPort),
        ]
    }

    /// `mm:ss`
    public var expiryText: String {
        let seconds = max(0, expires)
        return "\(paddedText(seconds / 60, width: 2)):\(paddedText(seconds % 60, width: 2))"
    }
}
