/// Hostnames of listeners and routes: exact, `*.` for one label or more, or none for any.
struct GatewayHostname: Hashable {
    let text: String

    init(_ text: String?) { self.text = (text ?? "").lowercased() }

    var isWildcard: Bool { text.hasPrefix("*.") }

    func matches(_ host: String) -> Bool {
        if text.isEmpty { return true }
        guard isWildcard else { return text == host }
        return host.hasSuffix(text.dropFirst()) && host.utf8.count > text.utf8.count - 1
    }

    /// What both stand for, the narrower of the two; nil: nothing.
    func intersection(_ other: GatewayHostname) -> GatewayHostname? {
        if text.isEmpty { return other }
        if other.text.isEmpty || text == other.text { return self }
        if !other.isWildcard { return matches(other.text) ? other : nil }
        if !isWildcard { return other.matches(text) ? self : nil }
        // Two wildcards: the one that ends in the other.
        if text.hasSuffix(other.text.dropFirst()) { return self }
        return other.text.hasSuffix(text.dropFirst()) ? other : nil
    }

    /// Exact names before wildcards, longer before shorter.
    var rank: (Int, Int) { (isWildcard || text.isEmpty ? 0 : text.utf8.count, text.utf8.count) }
}
