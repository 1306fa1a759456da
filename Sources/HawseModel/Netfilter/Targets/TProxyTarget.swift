import HawseWire

/// TPROXY (`xt_TPROXY` revision 1).
public struct TProxyTarget: Hashable, Sendable {
    /// 0: the packet's own.
    public var port: UInt16
    /// `nil`: the incoming interface's first.
    public var address: IPAddress?
    public var markValue: UInt32
    public var markMask: UInt32

    public init(port: UInt16, address: IPAddress? = nil, markValue: UInt32 = 0, markMask: UInt32 = 0) {
        self.port = port
        self.address = address
        self.markValue = markValue
        self.markMask = markMask
    }
}
