import HawseModel
import HawseWire

/// One rule, compiled: the generic part that every packet is compared with, and where the rest stands. Trivial.
///
/// Addresses are kept as their low and high halves so that an IPv4 rule is decided within the first cache line.
struct RuleRecord: BitwiseCopyable {
    var source: UInt64 = 0
    var sourceMask: UInt64 = 0
    var destination: UInt64 = 0
    var destinationMask: UInt64 = 0

    var flags: Flags = []
    /// `-p`; meaningful with `.hasProtocol`.
    var ipProtocol: UInt8 = 0
    var target: TargetCode = .next
    /// An interface index, or with `.inSet` the number of an interface set.
    var inInterface: UInt16 = 0
    var outInterface: UInt16 = 0
    var operationCount: UInt16 = 0
    /// Byte offset of the first match operation in the program's arena.
    var operations: UInt32 = 0
    /// Jump and goto: index of the chain's first record. Other targets: byte offset of their payload in the arena.
    var argument: UInt32 = 0
    /// Index of the chain the record stands in, for the trace.
    var chain: UInt32 = 0
    /// 0-based number of the rule in its chain; the number of rules for the record that ends the chain.
    var number: UInt32 = 0
    /// The classifier whose run the record belongs to, from 1; 0: none.
    var classifier: UInt32 = 0

    var sourceHigh: UInt64 = 0
    var sourceMaskHigh: UInt64 = 0
    var destinationHigh: UInt64 = 0
    var destinationMaskHigh: UInt64 = 0

    struct Flags: OptionSet, BitwiseCopyable {
        let rawValue: UInt16
        static let sourceInverted = Flags(rawValue: 1 << 0)
        static let destinationInverted = Flags(rawValue: 1 << 1)
        static let hasIn = Flags(rawValue: 1 << 2)
        static let inInverted = Flags(rawValue: 1 << 3)
        static let inSet = Flags(rawValue: 1 << 4)
        static let hasOut = Flags(rawValue: 1 << 5)
        static let outInverted = Flags(rawValue: 1 << 6)
        static let outSet = Flags(rawValue: 1 << 7)
        static let hasProtocol = Flags(rawValue: 1 << 8)
        static let protocolInverted = Flags(rawValue: 1 << 9)
        static let hasFragment = Flags(rawValue: 1 << 10)
        static let fragmentInverted = Flags(rawValue: 1 << 11)
        /// Some address half above the low 64 bits is compared.
        static let hasHigh = Flags(rawValue: 1 << 12)

        static let interfaces: Flags = [.hasIn, .hasOut]
        static let protocolOrFragment: Flags = [.hasProtocol, .hasFragment]
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
    case tee, tproxy, trace, set, nfqueue, hmark, rateest
}

/// In front of each match operation in the arena; the operation's fields follow.
struct OperationHeader: BitwiseCopyable {
    var code: MatchCode
    /// See `Match.isSteady`.
    var isSteady: Bool
    /// Bytes from this header to the next, a multiple of 8.
    var stride: UInt32

    static let size = 8
}

/// Which match an operation is. One case per file in `Match/`.
enum MatchCode: UInt8, BitwiseCopyable {
    case addrtype, ah, bpf, cgroup, cluster, connbytes, connlabel, connlimit, connmark, conntrack, cpu, dccp, devgroup
    case dscp, ecn, esp, eui64, frag, hashlimit, helper, icmp, ipcomp, iprange, ipv6header, ipv6options, ipvs, length
    case limit, mac, mark, mh, multiport, nfacct, osf, owner, physdev, pkttype, policy, quota, rateest, realm, recent
    case rpfilter, rt, sctp, set, socket, srh, statistic, string, tcp, tcpmss, time, tos, ttl, u32, udp
}
