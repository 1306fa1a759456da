import HawseWire

/// A fully qualified domain name in text form, with its final dot and its letters' case as it was asked.
public struct DomainName: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    public init(_ text: some StringProtocol) { self.text = text.hasSuffix(".") ? String(text) : "\(text)." }

    public var description: String { text }
    /// Labels from left to right; none for the root.
    public var labels: [Substring] { text.split(separator: ".") }
    /// For comparing: names are equal in any case (RFC 4343).
    public var folded: String { text.lowercased() }

    /// The end of this name that is `zone` in another case, as it stands here; `nil` when the name is not in the zone.
    func tail(in zone: DomainName) -> DomainName? {
        let (own, other) = (folded, zone.folded)
        guard own == other || other == "." || own.hasSuffix("." + other) else { return nil }
        return other == "." ? zone : DomainName(text.suffix(zone.text.count))
    }

    /// The labels before a zone that `tail(in:)` found.
    func labels(before zone: DomainName) -> [String] {
        labels.dropLast(zone.labels.count).map { $0.lowercased() }
    }
}

extension DomainName {
    /// Why a text is no name that can be asked for (RFC 1035 2.3.4), in the resolver's words; `nil`: it is one.
    public static func fault(in text: String) -> String? {
        if text == "." { return nil }
        let name = text.hasSuffix(".") ? text.dropLast() : Substring(text)
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.contains(where: \.isEmpty) { return "empty label" }
        if let label = labels.first(where: { $0.utf8.count > 63 }) { return "label too long: \(label.utf8.count) bytes, 63 at most" }
        // Each label with its length, and the root.
        let length = name.utf8.count + 2
        return length > 255 ? "name too long: \(length) bytes, 255 at most" : nil
    }

    /// The address that a name below `in-addr.arpa.` or `ip6.arpa.` stands for (RFC 1035 3.5, RFC 3596 2.5).
    public var reverseAddress: IPAddress? {
        let labels = folded.split(separator: ".")
        if labels.suffix(2) == ["in-addr", "arpa"] {
            let bytes = labels.dropLast(2).reversed()
            return bytes.count == 4 ? IPAddress(bytes.joined(separator: ".")) : nil
        }
        guard labels.suffix(2) == ["ip6", "arpa"] else { return nil }
        let digits = labels.dropLast(2).reversed()
        guard digits.count == 32, digits.allSatisfy({ $0.count == 1 && $0.first?.isHexDigit == true }) else { return nil }
        let text = digits.enumerated().map { ($0.offset > 0 && $0.offset % 4 == 0 ? ":" : "") + $0.element }.joined()
        return IPAddress(text)
    }

    /// Below one of the reverse zones, whether or not it stands for a whole address.
    var isReverse: Bool { folded.hasSuffix(".in-addr.arpa.") || folded.hasSuffix(".ip6.arpa.") }
}
