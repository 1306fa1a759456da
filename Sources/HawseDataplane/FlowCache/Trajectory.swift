import HawseModel
import HawseWire

/// The way that packets of a connection's direction take as long as nothing changes: what they must be like, what
/// happens to them, and which counters they add to.
///
/// Connections share trajectories: thousands of flows between the same devices by the same rules have one. What is a
/// connection's own (addresses, ports, state) stays in its record. Counters are added up here and handed on when
/// somebody reads them.
struct Trajectory {
    // What a packet must be like.
    var destinationMAC: UInt64 = 0
    /// IP bytes that still fit every MTU on the way.
    var maximumLength: Int32 = 0
    /// The mark it has when it comes in: 0, or what the tunnel's outer packet had.
    var markBefore: UInt32 = 0
    var inInterface: UInt16 = 0
    /// The bridge whose port the frame came in by: it learns the sender's MAC. 0: none.
    var bridge: UInt16 = 0
    /// TOS or traffic class.
    var service: UInt8 = 0
    var info: ConnectionInfo = .none
    var direction: Direction = .original
    var version: UInt8 = 0

    // What happens to it.
    var flags: Flags = []
    /// The device it leaves by; of a tunnel's packet the tunnel device, where its contents come in.
    var outInterface: UInt16 = 0
    var mark: UInt32 = 0
    /// The Ethernet header it leaves with: 14 bytes, in network order of significance. In a tunnel: the inner one.
    var ethernetHigh: UInt64 = 0
    var ethernetMiddle: UInt32 = 0
    var ethernetType = EtherType(rawValue: 0)

    // What has been counted and not yet handed on.
    var packets: UInt64 = 0
    /// IP bytes.
    var bytes: UInt64 = 0
    var firstHit: UInt32 = 0
    var hitCount: UInt32 = 0

    /// In front of it, when it leaves by a tunnel.
    var tunnel = TunnelHeader()

    struct Flags: OptionSet, Hashable {
        var rawValue: UInt16
        static let rewritesSource = Flags(rawValue: 1 << 0)
        static let rewritesDestination = Flags(rawValue: 1 << 1)
        /// Routed: one hop less. Bridged frames keep theirs.
        static let takesHop = Flags(rawValue: 1 << 2)
        /// It leaves inside a tunnel's packet.
        static let encapsulates = Flags(rawValue: 1 << 3)
        /// It is a tunnel's packet for this node, and what is in it goes on.
        static let decapsulates = Flags(rawValue: 1 << 4)
        /// A virtual server's connection has it.
        static let isVirtual = Flags(rawValue: 1 << 5)
        /// IPVS was asked whether it is a reply (FORWARD), and did not know it.
        static let forwardAsksIPVS = Flags(rawValue: 1 << 6)
        /// The same of a packet for the node, or of the outer packet of a tunnel: neither request nor reply.
        static let localAsksIPVS = Flags(rawValue: 1 << 7)

        /// No tracked connection has it, only a virtual server's.
        static let isUntracked = Flags(rawValue: 1 << 8)

        /// It ends here: a listener of the node's own takes it.
        static let delivers = Flags(rawValue: 1 << 9)

        /// Those that ask for more than the connection's own record.
        static let special: Flags = [.encapsulates, .decapsulates, .isVirtual, .forwardAsksIPVS, .delivers]
        static let rewrites: Flags = [.rewritesSource, .rewritesDestination]
    }
}

extension Trajectory {
    /// All but the tallies.
    func isSameWay(_ other: Trajectory) -> Bool {
        guard destinationMAC == other.destinationMAC, maximumLength == other.maximumLength,
            markBefore == other.markBefore, inInterface == other.inInterface, bridge == other.bridge,
            service == other.service, info == other.info, direction == other.direction, version == other.version,
            flags == other.flags, outInterface == other.outInterface, mark == other.mark,
            ethernetHigh == other.ethernetHigh, ethernetMiddle == other.ethernetMiddle,
            ethernetType == other.ethernetType
        else { return false }
        return flags.isDisjoint(with: [.encapsulates, .decapsulates]) || tunnel.isSame(other.tunnel)
    }

    /// Of the fields that tell most trajectories apart.
    var hash: UInt64 {
        var hash = destinationMAC ^ UInt64(inInterface) << 48 ^ ethernetHigh &* 0xa076_1d64_78bd_642f
        hash ^= UInt64(service) << 8 | UInt64(info.rawValue) | UInt64(flags.rawValue) << 16 | UInt64(direction.rawValue) << 40
        hash = (hash ^ UInt64(ethernetMiddle) << 32 ^ UInt64(outInterface)) &* 0x9e37_79b9_7f4a_7c15
        return hash ^ hash >> 31
    }
}

/// A counter on a trajectory's way.
struct TrajectoryHit: Equatable {
    var counters: UnsafeMutablePointer<Counters>
    /// How much longer than on arrival the packet is here.
    var offset: Int32
}

/// The outer headers that a VXLAN tunnel puts in front of a frame: Ethernet, IP, UDP and VXLAN, complete but for what
/// differs from packet to packet (lengths, identification, source port, checksums).
struct TunnelHeader {
    typealias Bytes = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

    /// As they go out; 50 bytes over IPv4, 70 over IPv6.
    var bytes: Bytes = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    var isIPv6 = false
    /// UDP has a checksum.
    var hasChecksum = false
    /// The outer packet belongs to a connection of its own.
    var isTracked = false
    /// What that connection calls it, and which manipulations it has seen to.
    var info: ConnectionInfo = .none
    var natDone: ConnectionStatus = []
    /// The VXLAN device.
    var device: UInt16 = 0
    /// UDP destination port.
    var port: UInt16 = 0
    /// Sum of the IPv4 header without length, identification and checksum.
    var headerSum: UInt32 = 0
    /// Sum of the outer pseudo header, UDP and VXLAN header and inner Ethernet header without lengths, source port and
    /// checksum.
    var datagramSum: UInt32 = 0
    var source: AddressBits = .zero
    var destination: AddressBits = .zero
    var expected = ExpectedOuter()

    /// What an `OuterLease` of its packets says, but for the link's key and port. As it begins no lease is like it.
    var lease: UInt64 = 1 << 63

    /// What the tunnel's own connection is compared with, as its record has it: addresses, and of the word from the status on
    /// (`ConnectionLayout.status`) the bits that tell whose it is, what the hooks do and what is kept of it. As it begins
    /// nothing is like it.
    struct ExpectedOuter {
        var addresses: UInt64 = 0
        var mask: UInt64 = 0
        var word: UInt64 = .max
    }

    /// Once everything else is known. The usual connection is IPv4's, nobody has answered it, its packets are not counted, and
    /// no one else is asked about them.
    mutating func settle(asksIPVS: Bool) {
        guard !isIPv6, isTracked, info == .new, !asksIPVS else { return }
        expected.addresses = source.low << 32 | destination.low
        var mask = Connection()
        mask.status = [.unsteady, .natMask, .natDoneMask, .confirmed, .seenReply, .expected, .fixedTimeout]
        mask.zone = .max
        mask.ipProtocol = IPProtocol(rawValue: .max)
        mask.bits = [.ipv6, .accounted, .ownTimeouts]
        var like = Connection()
        like.status = natDone.union(.confirmed)
        like.ipProtocol = .udp
        expected.mask = Self.statusWord(&mask)
        expected.word = Self.statusWord(&like)
    }

    private static func statusWord(_ connection: inout Connection) -> UInt64 {
        withUnsafeBytes(of: &connection) { $0.loadUnaligned(fromByteOffset: ConnectionLayout.status, as: UInt64.self) }
    }

    /// Its connections are leased to its packets: nobody else has this number.
    mutating func lease(number: UInt64) { lease = number << 24 }

    var canLease: Bool { expected.word != .max }

    @inline(__always) var length: Int { isIPv6 ? 70 : 50 }

    func isSame(_ other: TunnelHeader) -> Bool {
        let a = bytes
        let b = other.bytes
        return a.0 == b.0 && a.1 == b.1 && a.2 == b.2 && a.3 == b.3 && a.4 == b.4 && a.5 == b.5 && a.6 == b.6
            && a.7 == b.7 && a.8 == b.8 && a.9 == b.9 && isIPv6 == other.isIPv6 && hasChecksum == other.hasChecksum
            && isTracked == other.isTracked && device == other.device && info == other.info && natDone == other.natDone
    }

    /// The template of a header that has been sent.
    init(_ frame: UnsafeRawPointer, isIPv6: Bool) {
        self.isIPv6 = isIPv6
        let ip = frame + 14
        let udp = ip + (isIPv6 ? 40 : 20)
        source = isIPv6 ? ip.loadAddressBits(at: 8) : AddressBits(ipv4: ip.loadBE32(at: 12))
        destination = isIPv6 ? ip.loadAddressBits(at: 24) : AddressBits(ipv4: ip.loadBE32(at: 16))
        port = udp.loadBE16(at: 2)
        hasChecksum = udp.loadBE16(at: 6) != 0
        let length = self.length
        withUnsafeMutableBytes(of: &bytes) { raw in
            guard let base = raw.baseAddress else { return }
            base.copyMemory(from: frame, byteCount: length)
            let header = base + 14
            if isIPv6 {
                header.storeBE16(0, at: 4)
            } else {
                header.storeBE16(0, at: 2)
                header.storeBE16(0, at: 4)
                header.storeBE16(0, at: 10)
            }
            let transport = header + (isIPv6 ? 40 : 20)
            transport.storeBE16(0, at: 0)
            transport.storeBE32(0, at: 4)
        }
        withUnsafeBytes(of: bytes) { raw in
            guard let base = raw.baseAddress else { return }
            if !isIPv6 { headerSum = UInt32(InternetChecksum.sum(base + 14, count: 20)) }
            let pseudo = InternetChecksum.pseudoHeader(
                family: isIPv6 ? .ipv6 : .ipv4, source: source, destination: destination, protocolNumber: .udp, length: 0)
            let datagram = UInt64(InternetChecksum.sum(base + (length - 16), count: 16))
            let ethernet = UInt64(InternetChecksum.sum(frame + length, count: 14))
            datagramSum = UInt32(InternetChecksum.fold(pseudo &+ datagram &+ ethernet))
        }
    }

    init() {}
}
