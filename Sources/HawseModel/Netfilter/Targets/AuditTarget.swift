/// AUDIT (`xt_AUDIT`): an audit record; no effect on the packet.
public struct AuditTarget: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable { case accept, drop, reject }

    public var kind: Kind

    public init(_ kind: Kind) {
        self.kind = kind
    }
}
