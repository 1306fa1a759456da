import HawseModel
import HawseWire

/// `ss -HlntuS`: local ports with a process.
enum ListenerDump {
    static func read(_ text: String, file: String) throws(FormatError) -> [Listener] {
        let protocols: [Substring: IPProtocol] = ["tcp": .tcp, "udp": .udp, "sctp": .sctp, "mptcp": .tcp]
        var listeners: [Listener] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count > 4, let ipProtocol = protocols[words[0]] else {
                if words.isEmpty || !["tcp", "udp", "sctp", "mptcp"].contains(words[0]) { continue }
                throw FormatError(file: file, line: number + 1, message: "a socket's line has at least five words")
            }
            let place = words[4]
            guard let colon = place.lastIndex(of: ":"), let port = UInt16(place[place.index(after: colon)...]) else {
                throw FormatError(file: file, line: number + 1, message: "`\(place)' is no local address with a port")
            }
            for (family, address) in try addresses(place[..<colon], file, number + 1) {
                let listener = Listener(ipProtocol: ipProtocol, family: family, address: address, port: port)
                if !listeners.contains(listener) { listeners.append(listener) }
            }
        }
        return listeners
    }

    /// `*` is a socket of both families, `0.0.0.0` and `[::]` of one; `%lo` binds it to a device.
    private static func addresses(_ text: Substring, _ file: String, _ line: Int) throws(FormatError)
        -> [(AddressFamily, IPAddress?)]
    {
        if text == "*" { return [(.ipv4, nil), (.ipv6, nil)] }
        let bare = text.filter { $0 != "[" && $0 != "]" }.prefix { $0 != "%" }
        guard let address = IPAddress(bare) else { throw FormatError(file: file, line: line, message: "`\(text)' is no local address") }
        return [(address.family, address == .unspecified(address.family) ? nil : address)]
    }
}
