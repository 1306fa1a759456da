/// What a hook function or a table says of a packet (`NF_ACCEPT`, `NF_DROP`, `NF_STOLEN`).
enum Verdict: UInt8 {
    case accept
    /// Dropped; the packet's `disposition` holds the reason.
    case drop
    /// Somebody else owns the packet now (reassembly, IPVS sent it): leave it alone.
    case stolen
    /// IPVS has rewritten and routed it: it goes to LOCAL_OUT from here.
    case output
}
