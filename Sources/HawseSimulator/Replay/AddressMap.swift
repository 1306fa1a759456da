import HawseWire

/// Addresses of a capture that stand for others in the simulation: `--map 208.80.152.3:80=10.96.0.80:80`.
///
/// A capture was taken somewhere else; this puts its servers behind Services without editing the file. Both directions
/// are rewritten, so the conversation stays whole.
public struct AddressMap: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public var from: IPAddress
        /// `nil`: every port.
        public var fromPort: UInt16?
        public var to: IPAddress
        /// `nil`: the port stays.
        public var toPort: UInt16?
    }

    public private(set) var entries: [Entry] = []

    public init() {}

    /// Adds `ADDR[:PORT]=ADDR[:PORT]`; returns what is wrong with the text, or `nil`.
    public mutating func add(_ text: String) -> String? {
        let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2 else { return "`\(text)' is not ADDR[:PORT]=ADDR[:PORT]" }
        guard let left = Self.endpoint(sides[0]) else { return "`\(sides[0])' is no address with an optional port" }
        guard let right = Self.endpoint(sides[1]) else { return "`\(sides[1])' is no address with an optional port" }
        guard left.0.family == right.0.family else { return "`\(text)' mixes IPv4 and IPv6" }
        guard right.1 == nil || left.1 != nil else { return "`\(text)' names a port only on the right" }
        entries.append(Entry(from: left.0, fromPort: left.1, to: right.0, toPort: right.1))
        return nil
    }

    /// `ADDR` or `ADDR:PORT`, an IPv6 address with a port in brackets.
    public static func endpoint(_ text: Substring) -> (IPAddress, UInt16?)? {
        if let address = IPAddress(text) { return (address, nil) }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
        return IPAddress(host).map { ($0, port) }
    }

    func apply(_ tuple: FlowTuple) -> FlowTuple {
        guard !entries.isEmpty else { return tuple }
        var result = tuple
        (result.source, result.sourcePort) = map(tuple.source, tuple.sourcePort)
        (result.destination, result.destinationPort) = map(tuple.destination, tuple.destinationPort)
        return result
    }

    private func map(_ address: IPAddress, _ port: UInt16) -> (IPAddress, UInt16) {
        for entry in entries where entry.from == address && (entry.fromPort == nil || entry.fromPort == port) {
            return (entry.to, entry.toPort ?? port)
        }
        return (address, port)
    }
}
