import HawseModel
import HawseWire

/// One rule, compiled: the generic part that every packet is compared with, where the rest stands, and its counters.
/// Trivial, and exactly one cache line: whoever tries a rule touches that and nothing else.
///
/// The usual rule is decided by two comparisons of a word under a mask; what those cannot say (`!`, sets of devices, the
/// other 96 bits of IPv6 addresses) is marked in the flags or stands in the arena.
struct RuleRecord: BitwiseCopyable {
    /// The low 32 bits of source (upper half) and destination: all of an IPv4 address.
    var addresses: UInt64 = 0
    var addressMask: UInt64 = 0
    /// See `PacketFields.place`: devices, destination port, protocol, fragment.
    var place: UInt64 = 0
    var placeMask: UInt64 = 0

    var flags: Flags = []
    var target: TargetCode = .next
    /// Byte offset of the first match operation in the program's arena. With `.draws`: the chance, of 2³¹.
    var operations: UInt32 = 0
    /// Jump and goto: index of the chain's first record. Other targets: byte offset of their payload in the arena.
    var argument: UInt32 = 0
    /// The classifier whose run the record belongs to, from 1; 0: none.
    var classifier: UInt32 = 0
    var counters = Counters()

    @inline(__always) static var countersOffset: Int { 48 }

    /// Memory for so many records, each on a cache line of its own.
    static func allocate(_ count: Int) -> UnsafeMutablePointer<RuleRecord> {
        let bytes = max(count, 1) * MemoryLayout<RuleRecord>.stride
        return HugePages.allocate(byteCount: bytes)
            .bindMemory(to: RuleRecord.self, capacity: max(count, 1))
    }

    struct Flags: OptionSet, BitwiseCopyable {
        let rawValue: UInt16
        static let sourceInverted = Flags(rawValue: 1 << 0)
        static let destinationInverted = Flags(rawValue: 1 << 1)
        static let inInverted = Flags(rawValue: 1 << 2)
        /// The device's place holds the number of an interface set.
        static let inSet = Flags(rawValue: 1 << 3)
        static let outInverted = Flags(rawValue: 1 << 4)
        static let outSet = Flags(rawValue: 1 << 5)
        static let protocolInverted = Flags(rawValue: 1 << 6)
        /// There are match operations in the arena.
        static let hasOperations = Flags(rawValue: 1 << 7)
        /// The only operation is `-m tcp` or `-m udp` with one destination port or none, and the two comparisons say the same of a
        /// packet whose ports are in `PacketFields.place`.
        static let tellsPort = Flags(rawValue: 1 << 8)
        /// The only match is `-m statistic --mode random` without `!`, and the record has it.
        static let draws = Flags(rawValue: 1 << 9)

        /// More than the two comparisons is needed.
        static let complex: Flags = [.sourceInverted, .destinationInverted, .inInverted, .inSet, .outInverted, .outSet, .protocolInverted]
    }

    // Where things are in `place`.
    @inline(__always) static var inShift: UInt64 { 48 }
    @inline(__always) static var outShift: UInt64 { 32 }
    @inline(__always) static var portShift: UInt64 { 16 }
    @inline(__always) static var protocolShift: UInt64 { 8 }
    @inline(__always) static var fragmentBit: UInt64 { 1 }

    @inline(__always) var hasProtocol: Bool { placeMask & (0xff << Self.protocolShift) != 0 }
    /// There are operations that have to be read to decide an ordinary packet.
    @inline(__always) var hasUntoldOperations: Bool { flags.isDisjoint(with: .tellsPort) && flags.contains(.hasOperations) }
    @inline(__always) var ipProtocol: IPProtocol { IPProtocol(rawValue: UInt8(truncatingIfNeeded: place >> Self.protocolShift)) }
}

extension UnsafeMutablePointer where Pointee == RuleRecord {
    /// The record's counters, by place.
    @inline(__always) var counters: UnsafeMutablePointer<Counters> {
        (UnsafeMutableRawPointer(self) + RuleRecord.countersOffset).assumingMemoryBound(to: Counters.self)
    }
}

/// What a record does once it matches.
enum TargetCode: UInt8, BitwiseCopyable {
    /// No target: on to the next rule.
    case next = 0
    case accept
    case drop
    case `return`
    case jump
    case goto
    /// The end of a builtin chain (`underflow`): its policy.
    case policyAccept
    case policyDrop
    case mark, connmark, ct, classify
    /// LOG, NFLOG and the like: seen by the trace only.
    case noEffect
    case dnat, snat, masquerade, redirect, netmap, snpt, dnpt
    case reject, tcpmss, tcpoptstrip, ttl, dscp, tos, ecn
    case tee, tproxy, trace, set, nfqueue, hmark, rateest, synproxy
}

/// In front of each match operation in the arena; the operation's fields follow.
struct OperationHeader: BitwiseCopyable {
    var code: MatchCode
    /// See `Match.isSteady`.
    var isSteady: Bool
    /// The rule's last.
    var isLast: Bool
    /// Bytes from this header to the next, a multiple of 8.
    var stride: UInt32

    static let size = 8
}

/// Which match an operation is. One case per file in `Match/`, and the addresses of IPv6 rules.
enum MatchCode: UInt8, BitwiseCopyable {
    case address
    case addrtype, ah, bpf, cgroup, cluster, connbytes, connlabel, connlimit, connmark, conntrack, cpu, dccp, devgroup
    case dscp, ecn, esp, eui64, frag, hashlimit, helper, icmp, ipcomp, iprange, ipv6header, ipv6options, ipvs, length
    case limit, mac, mark, mh, multiport, nfacct, osf, owner, physdev, pkttype, policy, quota, rateest, realm, recent
    case rpfilter, rt, sctp, set, socket, srh, statistic, string, tcp, tcpmss, time, tos, ttl, u32, udp
}
