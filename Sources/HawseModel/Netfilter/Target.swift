/// A rule's target (`-j` or `-g`), one case and one file in `Targets/` each.
public indirect enum Target: Hashable, Sendable {
    case accept
    case drop
    /// The old form of NFQUEUE, queue 0.
    case queue
    case `return`
    /// `-j CHAIN`: a user chain of the same table.
    case jump(String)
    /// `-g CHAIN`.
    case goto(String)
    case audit(AuditTarget)
    /// CHECKSUM `--checksum-fill`: fills in a checksum that was left to the device.
    case checksum
    case classify(ClassifyTarget)
    case connmark(ConnmarkTarget)
    case connsecmark(ConnsecmarkTarget)
    /// CT and NOTRACK.
    case ct(CTTarget)
    case dnat(NATTarget)
    case dnpt(NPTTarget)
    case dscp(DSCPTarget)
    case ecn(ECNTarget)
    case hl(TTLTarget)
    case hmark(HMarkTarget)
    case idletimer(IdletimerTarget)
    case led(LEDTarget)
    case log(LogTarget)
    case mark(MarkTarget)
    case masquerade(MasqueradeTarget)
    case netmap(NetmapTarget)
    case nflog(NFLogTarget)
    case nfqueue(NFQueueTarget)
    case rateest(RateestTarget)
    case redirect(MasqueradeTarget)
    case reject(RejectTarget)
    case secmark(SecmarkTarget)
    case set(SetTarget)
    case snat(NATTarget)
    case snpt(NPTTarget)
    case synproxy(SynproxyTarget)
    case tcpmss(TCPMSSTarget)
    case tcpoptstrip(TCPOptStripTarget)
    case tee(TeeTarget)
    case tos(TOSTarget)
    case tproxy(TProxyTarget)
    /// Marks the packet for tracing.
    case trace
    case ttl(TTLTarget)
    case ulog(ULogTarget)
}
