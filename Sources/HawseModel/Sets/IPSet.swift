import HawseWire

/// An ipset: its type, its header options and its entries in the order given.
public struct IPSet: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case bitmapIP = "bitmap:ip"
        case bitmapIPMac = "bitmap:ip,mac"
        case bitmapPort = "bitmap:port"
        case hashIP = "hash:ip"
        case hashMac = "hash:mac"
        case hashIPMac = "hash:ip,mac"
        case hashIPMark = "hash:ip,mark"
        case hashIPPort = "hash:ip,port"
        case hashIPPortIP = "hash:ip,port,ip"
        case hashIPPortNet = "hash:ip,port,net"
        case hashNet = "hash:net"
        case hashNetNet = "hash:net,net"
        case hashNetPort = "hash:net,port"
        case hashNetPortNet = "hash:net,port,net"
        case hashNetIface = "hash:net,iface"
        case listSet = "list:set"
    }

    public var name: String
    public var kind: Kind
    public var options: Options
    public var entries: [Entry]

    public init(name: String, kind: Kind, options: Options = Options(), entries: [Entry] = []) {
        self.name = name
        self.kind = kind
        self.options = options
        self.entries = entries
    }

    /// `create`'s options, as `ipset save` prints them.
    public struct Options: Hashable, Sendable {
        public var family: AddressFamily = .ipv4
        public var hashSize: UInt32?
        public var maxElements: UInt32?
        public var netmask: UInt8?
        /// Any mask in place of `netmask`.
        public var bitmask: IPAddress?
        public var markMask: UInt32?
        /// Bitmap sets: the range covered.
        public var addressRange: ClosedRange<IPAddress>?
        public var portRange: ClosedRange<UInt16>?
        /// Seconds; `nil`: the set has no timeouts; 0: entries last unless they say otherwise.
        public var timeout: UInt32?
        public var counters = false
        public var comment = false
        public var skbinfo = false
        public var forceAdd = false
        /// list:set
        public var size: UInt32?
        public var bucketSize: UInt8?
        public var initialValue: UInt32?

        public init() {}

        /// What addresses are seen through (`h->bitmask`); `nil` where all bits count.
        public var mask: AddressBits? {
            if let bitmask { return bitmask.bits }
            guard let netmask, netmask < family.bitCount else { return nil }
            return .mask(prefixLength: Int(netmask), family: family)
        }
    }

    /// One element; which fields are used follows from the set's kind.
    public struct Entry: Hashable, Sendable {
        public struct Port: Hashable, Sendable {
            /// For icmp and icmpv6 `lower` is type × 256 + code.
            public var ipProtocol: IPProtocol
            public var lower: UInt16
            public var upper: UInt16

            public init(ipProtocol: IPProtocol, lower: UInt16, upper: UInt16? = nil) {
                self.ipProtocol = ipProtocol
                self.lower = lower
                self.upper = upper ?? lower
            }
        }

        public var first: IPPrefix?
        /// The end of an address range that starts at `first`.
        public var firstEnd: IPAddress?
        public var second: IPPrefix?
        public var port: Port?
        public var mac: MACAddress?
        public var mark: UInt32?
        public var interface: String?
        /// hash:net,iface with `physdev:`.
        public var isPhysdev = false
        /// hash:net,iface with `wildcard`: all devices whose names begin so.
        public var isWildcard = false
        /// list:set: the member's name.
        public var set: String?
        /// Seconds left.
        public var timeout: UInt32?
        public var noMatch = false
        public var counters: Counters?
        public var comment: String?
        public var skbMark: MaskedValue?
        public var skbPriority: UInt32?
        public var skbQueue: UInt16?

        public init() {}
    }
}
