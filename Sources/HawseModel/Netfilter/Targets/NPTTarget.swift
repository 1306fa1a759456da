import HawseWire

/// SNPT and DNPT (`ip6t_NPT`): stateless prefix translation (RFC 6296).
public struct NPTTarget: Hashable, Sendable {
    public var source: IPPrefix
    public var destination: IPPrefix

    public init(source: IPPrefix, destination: IPPrefix) {
        self.source = source
        self.destination = destination
    }
}
