import CPcap

/// A link-layer header type as capture files number it (`LINKTYPE_…` of the pcap registry).
@frozen
public struct LinkType: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt16

    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// BSD loopback: the address family in the byte order of the machine that captured.
    public static let null = LinkType(rawValue: 0)
    public static let ethernet = LinkType(rawValue: 1)
    public static let ppp = LinkType(rawValue: 9)
    public static let atmRFC1483 = LinkType(rawValue: 100)
    public static let raw = LinkType(rawValue: 101)
    public static let pppHDLC = LinkType(rawValue: 50)
    public static let pppEthernet = LinkType(rawValue: 51)
    public static let ciscoHDLC = LinkType(rawValue: 104)
    /// OpenBSD loopback: the address family in network byte order.
    public static let loop = LinkType(rawValue: 108)
    public static let enc = LinkType(rawValue: 109)
    public static let linuxSLL = LinkType(rawValue: 113)
    public static let pppPPPD = LinkType(rawValue: 166)
    public static let pppWithDirection = LinkType(rawValue: 204)
    public static let ipv4 = LinkType(rawValue: 228)
    public static let ipv6 = LinkType(rawValue: 229)
    public static let nflog = LinkType(rawValue: 239)
    public static let ipOverInfiniBand = LinkType(rawValue: 242)
    public static let pktap = LinkType(rawValue: 258)
    public static let linuxSLL2 = LinkType(rawValue: 276)

    /// `DLT_RAW` of Linux and of OpenBSD: some writers put these into files instead of ``raw``.
    static let rawLinux = LinkType(rawValue: 12)
    static let rawOpenBSD = LinkType(rawValue: 14)

    /// The number that libpcap's functions take for this type (`DLT_…`), after `linktype_to_dlt` of libpcap.
    public var dlt: Int32 {
        switch rawValue {
        case 100: 11
        case 101: 12
        case 102: 15
        case 103: 16
        case 106: 19
        default: Int32(rawValue)
        }
    }

    /// The type that a libpcap handle reports as its data link, after `dlt_to_linktype` of libpcap.
    public init(dlt: Int32) {
        switch dlt {
        case 11: self.init(rawValue: 100)
        case 12, 14: self.init(rawValue: 101)
        case 15: self.init(rawValue: 102)
        case 16: self.init(rawValue: 103)
        case 19: self.init(rawValue: 106)
        default: self.init(rawValue: UInt16(truncatingIfNeeded: dlt))
        }
    }

    /// The largest capture length that is believed for a record of this type, as `max_snaplen_for_dlt` of
    /// libpcap has it, save that 16 MiB bound even D-Bus messages here.
    var maximumCapturedLength: UInt32 {
        switch rawValue {
        case 231: 16 << 20
        case 249, 279: 1 << 20
        default: 256 << 10
        }
    }
}

extension LinkType: CustomStringConvertible {
    /// The registry's name as libpcap prints it (`EN10MB`, `LINUX_SLL2`), or `LINKTYPE 1234`.
    public var description: String {
        pcap_datalink_val_to_name(dlt).map { String(cString: $0) } ?? "LINKTYPE \(rawValue)"
    }
}
