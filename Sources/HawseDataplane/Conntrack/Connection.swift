import HawseModel
import HawseWire

/// `enum ip_conntrack_status`, the bits of `ct->status`.
struct ConnectionStatus: OptionSet, Hashable, Sendable {
    var rawValue: UInt16

    /// An expectation foresaw it; its `master` is set.
    static let expected = ConnectionStatus(rawValue: 1 << 0)
    static let seenReply = ConnectionStatus(rawValue: 1 << 1)
    /// Spared by early drop.
    static let assured = ConnectionStatus(rawValue: 1 << 2)
    /// It is in the table: its first packet got through.
    static let confirmed = ConnectionStatus(rawValue: 1 << 3)
    static let sourceNAT = ConnectionStatus(rawValue: 1 << 4)
    static let destinationNAT = ConnectionStatus(rawValue: 1 << 5)
    static let sequenceAdjust = ConnectionStatus(rawValue: 1 << 6)
    static let sourceNATDone = ConnectionStatus(rawValue: 1 << 7)
    static let destinationNATDone = ConnectionStatus(rawValue: 1 << 8)
    static let dying = ConnectionStatus(rawValue: 1 << 9)
    static let fixedTimeout = ConnectionStatus(rawValue: 1 << 10)
    /// Lost a clash and stands in the table with its reply direction only.
    static let natClash = ConnectionStatus(rawValue: 1 << 12)
    static let helper = ConnectionStatus(rawValue: 1 << 13)
    /// Begun by SYNPROXY (`nfct_synproxy`); not one of the kernel's bits.
    static let synproxy = ConnectionStatus(rawValue: 1 << 14)
    /// Its time may be later than the record says, see `OuterLease`; not one of the kernel's bits.
    static let leased = ConnectionStatus(rawValue: 1 << 15)

    static let natMask: ConnectionStatus = [.sourceNAT, .destinationNAT]
    static let natDoneMask: ConnectionStatus = [.sourceNATDone, .destinationNATDone]
}

/// A tracked connection (`struct nf_conn`): two cache lines, of which a lookup reads the first.
///
/// Read it through the accessors: IPv6 connections with NAT keep the addresses of the reply direction in the cold
/// extension (`ConnectionTable.tuple(of:_:)`).
struct Connection {
    // First line. IPv4: word 0 is source << 32 | destination of the original direction, word 1 of the reply.
    // IPv6: words 0 and 1 are the original source, 2 and 3 the original destination. IPv4 has the trajectories of its
    // two directions in words 2 and 3, see `FlowWords.swift`.
    var address0: UInt64 = 0
    var address1: UInt64 = 0
    var address2: UInt64 = 0
    var address3: UInt64 = 0
    /// Source port << 16 | destination port.
    var originalPorts: UInt32 = 0
    var replyPorts: UInt32 = 0
    /// When it is forgotten. Before confirmation: nanoseconds to live from then on, as an instant.
    var timeout: Instant = .zero
    var mark: UInt32 = 0
    var status: ConnectionStatus = []
    /// `nf_conntrack_zone.id`.
    var zone: UInt16 = 0
    /// Packets and tables that hold it; 0 is free.
    var uses: UInt16 = 0
    var ipProtocol: IPProtocol = .unspecified
    var bits: Bits = []
    /// Part of the handle, so that an old handle does not find a new connection.
    var generation: UInt8 = 0
    /// `ct->proto`'s state: the raw value of `TCPState` or `SCTPState`.
    var state: UInt8 = 0
    /// TCP: `last_index` in the low 3 bits, `last_dir` in bit 7. SCTP: see `SCTPTracker`.
    var lastPacket: UInt8 = 0
    var retransmissions: UInt8 = 0

    // Second line: `struct ip_ct_tcp`; the other protocols overlay the first words.
    var seenOriginal = TCPEnd()
    var seenReply = TCPEnd()
    var lastSequence: UInt32 = 0
    var lastAcknowledgement: UInt32 = 0
    var lastEnd: UInt32 = 0
    var lastWindow: UInt16 = 0
    var lastFlags: UInt8 = 0
    var lastScale: UInt8 = 0
    /// Window shift of the original direction (low nibble) and of the reply.
    var scales: UInt8 = 0
    var flagsOriginal: UInt8 = 0
    var flagsReply: UInt8 = 0
    /// `FlowLink.key`.
    var linkKey: UInt8 = 0
    /// Index of the cold extension; 0: none.
    var extensionIndex: UInt32 = 0
    /// Neighbours in the list of connections of one source (`nat_bysource`).
    var nextBySource: UInt32 = 0
    var previousBySource: UInt32 = 0

    struct Bits: OptionSet {
        var rawValue: UInt8
        static let ipv6 = Bits(rawValue: 1 << 0)
        /// `nf_conntrack_zone.dir`: the zone counts in this direction (both in the usual case).
        static let zoneOriginal = Bits(rawValue: 1 << 1)
        static let zoneReply = Bits(rawValue: 1 << 2)
        /// IPv6: the reply's addresses are in the extension.
        static let replyAddresses = Bits(rawValue: 1 << 3)
        static let inBySource = Bits(rawValue: 1 << 4)
        static let accounted = Bits(rawValue: 1 << 5)
        /// It has a timeout policy (`nf_conn_timeout`).
        static let ownTimeouts = Bits(rawValue: 1 << 6)
    }

    /// `struct ip_ct_tcp_state` without scale and flags. Sequence numbers, and the window in bytes.
    struct TCPEnd {
        var end: UInt32 = 0
        var maximumEnd: UInt32 = 0
        var maximumWindow: UInt32 = 0
        var maximumAcknowledgement: UInt32 = 0
    }

    @inline(__always) var isIPv6: Bool { bits.contains(.ipv6) }
    @inline(__always) var family: AddressFamily { isIPv6 ? .ipv6 : .ipv4 }
    @inline(__always) var isConfirmed: Bool { status.contains(.confirmed) }
    @inline(__always) var isDying: Bool { status.contains(.dying) }
    @inline(__always) var isAssured: Bool { status.contains(.assured) }
    @inline(__always) var tcpState: TCPState { TCPState(state) }

    /// UDP: when it counts as a stream if traffic still flows (`stream_ts`). Overlays the TCP state.
    var streamAfter: Instant {
        @inline(__always)
        get { Instant(nanoseconds: Int64(bitPattern: UInt64(seenOriginal.end) << 32 | UInt64(seenOriginal.maximumEnd))) }
        @inline(__always)
        set {
            let bits = UInt64(bitPattern: newValue.nanoseconds)
            seenOriginal.end = UInt32(truncatingIfNeeded: bits >> 32)
            seenOriginal.maximumEnd = UInt32(truncatingIfNeeded: bits)
        }
    }

    /// The zone's number in one direction (`nf_ct_zone_id`).
    @inline(__always)
    func zone(_ direction: Direction) -> UInt16 {
        bits.contains(direction == .original ? .zoneOriginal : .zoneReply) ? zone : 0
    }

    @inline(__always) var zones: ZonePair { ZonePair(original: zone(.original), reply: zone(.reply)) }

    @inline(__always)
    func ports(_ direction: Direction) -> UInt32 { direction == .original ? originalPorts : replyPorts }

    /// Nanoseconds until it is forgotten (`nf_ct_expires`); 0 when it is overdue.
    @inline(__always)
    func remaining(at now: Instant) -> Int64 {
        isConfirmed ? max(timeout - now, 0) : timeout.nanoseconds
    }
}

/// `enum tcp_conntrack`.
enum TCPState: UInt8 {
    case none = 0
    case synSent, synRecv, established, finWait, closeWait, lastAck, timeWait, close, synSent2

    /// The numbers have no gaps: no table is needed to tell them apart. What is none of them is no state.
    @inline(__always)
    init(_ number: UInt8) { self = number <= Self.synSent2.rawValue ? unsafeBitCast(number, to: Self.self) : .none }
}

/// What only some connections have: labels, a helper, counters, sequence adjustment, NAT of IPv6.
struct ConnectionExtension {
    /// IPv6 with NAT: addresses of the reply direction.
    var replySource: AddressBits = .zero
    var replyDestination: AddressBits = .zero
    /// IPv6: trajectories of the two directions and the link, see `FlowWords.swift`.
    var wayOriginal: UInt32 = 0
    var wayReply: UInt32 = 0
    var link = FlowLink()
    /// `nf_conn_nat.masq_index`.
    var masqueradeInterface: UInt16 = 0
    /// `nf_conn_acct`: packets and bytes (IP length) per direction.
    var originalPackets: UInt64 = 0
    var originalBytes: UInt64 = 0
    var replyPackets: UInt64 = 0
    var replyBytes: UInt64 = 0
    /// `nf_conn_labels`: bits 0…63 and 64…127.
    var labelsLow: UInt64 = 0
    var labelsHigh: UInt64 = 0
    /// Handle of the connection whose expectation this one met; 0: none.
    var master: UInt32 = 0
    /// Number of the timeout policy, from 1; 0: none.
    var policy: UInt16 = 0
    /// Raw value of a `ConnectionHelper`; 0: none.
    var helper: UInt8 = 0
    /// Expectations that wait on this connection's behalf.
    var expecting: UInt8 = 0
    /// FTP: sequence number behind the last newline, per direction, and how many are known.
    var newlineOriginal: (UInt32, UInt32) = (0, 0)
    var newlineReply: (UInt32, UInt32) = (0, 0)
    var newlineCounts: (UInt8, UInt8) = (0, 0)
    var adjustOriginal = SequenceAdjustment()
    var adjustReply = SequenceAdjustment()
    var createdAt: Instant = .zero
    /// `struct nf_conn_synproxy`: the proxy's own first number, the stamp that the client echoed, and how far the
    /// server's clock is from it.
    var proxySequence: UInt32 = 0
    var proxyTimestamp: UInt32 = 0
    var proxyTimestampOffset: UInt32 = 0
}

/// `struct nf_ct_seqadj`: how much payload mangling has shifted a direction's sequence numbers.
struct SequenceAdjustment {
    var correctionPosition: UInt32 = 0
    var offsetBefore: Int32 = 0
    var offsetAfter: Int32 = 0
}

/// A zone's number in each direction: equal but for `--zone-orig` and `--zone-reply`.
struct ZonePair {
    var original: UInt16
    var reply: UInt16
}

/// What the CT target sets before a connection is looked up (`nf_ct_tmpl_alloc`).
struct ConnectionTemplate: Hashable {
    var isSet = false
    var zone: UInt16 = 0
    var zoneOriginal = true
    var zoneReply = true
    /// The zone is the mark that the packet will have when its connection is looked up (`NF_CT_FLAG_MARK`).
    var zoneIsMark = false
    /// Number of the helper; 0: none.
    var helper: UInt8 = 0
    /// Number of the timeout policy, from 1; 0: none.
    var policy: UInt16 = 0
    var isSynproxy = false
    /// Its own mark, which CONNMARK writes and `-m connmark` reads until the lookup; it stays from packet to packet.
    var mark: UnsafeMutablePointer<UInt32>?

    /// Of the SYN with which SYNPROXY greets the server.
    static var synproxy: ConnectionTemplate {
        var template = ConnectionTemplate()
        template.isSet = true
        template.isSynproxy = true
        return template
    }

    @inline(__always) static var none: ConnectionTemplate { ConnectionTemplate() }

    @inline(__always)
    func zone(_ direction: Direction) -> UInt16 {
        (direction == .original ? zoneOriginal : zoneReply) ? zone : 0
    }

    @inline(__always) var zones: ZonePair { ZonePair(original: zone(.original), reply: zone(.reply)) }
}
