/// MASQUERADE (`xt_MASQUERADE`); REDIRECT has the same options but `randomFully`.
public struct MasqueradeTarget: Hashable, Sendable {
    public var ports: ClosedRange<UInt16>?
    public var random: Bool
    public var randomFully: Bool

    public init(ports: ClosedRange<UInt16>? = nil, random: Bool = false, randomFully: Bool = false) {
        self.ports = ports
        self.random = random
        self.randomFully = randomFully
    }
}
