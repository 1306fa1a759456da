/// `-m cpu` (`xt_cpu`).
public struct CPUMatch: Hashable, Sendable {
    public var cpu: UInt32
    public var inverted: Bool

    public init(cpu: UInt32, inverted: Bool = false) {
        self.cpu = cpu
        self.inverted = inverted
    }
}
