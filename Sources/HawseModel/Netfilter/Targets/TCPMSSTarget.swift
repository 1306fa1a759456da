/// TCPMSS (`xt_TCPMSS`): lowers the MSS option of a SYN.
public enum TCPMSSTarget: Hashable, Sendable {
    case set(UInt16)
    case clampToPathMTU
}
