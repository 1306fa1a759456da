import HawseWire

/// The first packet of a connection, as far as a proxy's rules look at it.
public struct FlowPacket: Hashable, Sendable {
    public var source: IPAddress
    public var destination: IPAddress
    public var ipProtocol: IPProtocol
    /// Destination port; the source port decides nothing.
    public var port: UInt16
    /// The interface it came in by; `nil` when that is not known or the node itself sends it.
    public var interface: String?

    public init(
        source: IPAddress, destination: IPAddress, ipProtocol: IPProtocol, port: UInt16, interface: String? = nil
    ) {
        self.source = source
        self.destination = destination
        self.ipProtocol = ipProtocol
        self.port = port
        self.interface = interface
    }
}

/// What may become of a packet, over all choices that chance has.
public struct FlowOutcome: Hashable, Sendable {
    public enum Verdict: String, Hashable, Sendable {
        case dnat = "DNAT"
        case accept = "ACCEPT"
        case drop = "DROP"
        case reject = "REJECT"
        /// No service rule changes or refuses it.
        case untouched
    }

    public var verdict: Verdict
    /// With DNAT: every endpoint that may be chosen, `ip:port`, in order.
    public var to: [String]
    /// It leaves with the node's address as its source, or carries the mark that says so.
    public var masquerade: Bool

    public init(verdict: Verdict, to: [String] = [], masquerade: Bool = false) {
        self.verdict = verdict
        self.to = to
        self.masquerade = masquerade
    }
}

/// One way a packet can go.
struct FlowState: Hashable {
    enum End: Hashable {
        /// Still on its way.
        case none
        case accepted, dropped, rejected
    }

    var packet: FlowPacket
    var mark: UInt32 = 0
    var isTranslated = false
    var isMasqueraded = false
    /// An explicit ACCEPT of a filter rule let it through.
    var wasAccepted = false
    var end = End.none

    static func outcome(of states: [FlowState], markBit: UInt32) -> FlowOutcome {
        if states.contains(where: { $0.end == .rejected }) { return FlowOutcome(verdict: .reject) }
        if states.contains(where: { $0.end == .dropped }) { return FlowOutcome(verdict: .drop) }
        let masquerade = states.contains { $0.isMasqueraded || $0.mark & markBit != 0 }
        let translated = states.filter(\.isTranslated)
        if !translated.isEmpty {
            let targets = Set(translated.map { $0.packet.destination.description(port: $0.packet.port) })
            return FlowOutcome(verdict: .dnat, to: targets.sorted(), masquerade: masquerade)
        }
        let accepted = states.contains { $0.wasAccepted }
        return FlowOutcome(verdict: accepted ? .accept : .untouched, masquerade: masquerade)
    }
}
