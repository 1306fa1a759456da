/// `-m icmp` (`xt_icmp`) and `-m icmp6`.
public struct ICMPMatch: Hashable, Sendable {
    /// `--icmp-type any`.
    public static let any = ICMPMatch(type: 255)

    /// 255 is `any` for ICMP.
    public var type: UInt8
    public var codes: ClosedRange<UInt8>
    public var inverted: Bool

    public init(type: UInt8, codes: ClosedRange<UInt8> = 0...255, inverted: Bool = false) {
        self.type = type
        self.codes = codes
        self.inverted = inverted
    }
}
