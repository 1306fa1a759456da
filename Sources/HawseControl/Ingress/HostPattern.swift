/// A host of a rule: exact, `*.` for one label, or empty for any.
struct HostPattern: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text.lowercased() }

    var isWildcard: Bool { text.hasPrefix("*.") }

    /// `host` in lower case and without a port.
    func matches(_ host: String) -> Bool {
        if text.isEmpty { return true }
        guard isWildcard else { return text == host.lowercased() }
        guard let dot = host.firstIndex(of: "."), dot != host.startIndex else { return false }
        return host[dot...].lowercased() == text.dropFirst()
    }
}
