/// `-m ipvs` (`xt_ipvs`).
public struct IPVSMatch: Hashable, Sendable {
    public enum Method: String, Hashable, Sendable, CaseIterable {
        case gate = "GATE"
        case ipip = "IPIP"
        case masquerade = "MASQ"
    }

    /// `--ipvs`, or `false` for `! --ipvs`; any other option implies it.
    public var isIPVS: Bool?
    /// `--vproto`.
    public var ipProtocol: ProtocolMatch?
    /// `--vaddr`.
    public var address: AddressMatch?
    /// `--vport`.
    public var port: Flagged<UInt16>?
    /// `--vdir`.
    public var direction: ConnectionDirection?
    /// `--vmethod`.
    public var method: Flagged<Method>?
    /// `--vportctl`.
    public var controllingPort: Flagged<UInt16>?

    public init(
        isIPVS: Bool? = nil, ipProtocol: ProtocolMatch? = nil, address: AddressMatch? = nil,
        port: Flagged<UInt16>? = nil, direction: ConnectionDirection? = nil, method: Flagged<Method>? = nil,
        controllingPort: Flagged<UInt16>? = nil
    ) {
        self.isIPVS = isIPVS
        self.ipProtocol = ipProtocol
        self.address = address
        self.port = port
        self.direction = direction
        self.method = method
        self.controllingPort = controllingPort
    }
}
