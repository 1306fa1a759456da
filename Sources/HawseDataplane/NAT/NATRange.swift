import HawseModel
import HawseWire

/// `enum nf_nat_manip_type`.
enum NATManip: UInt8 {
    case source = 0
    case destination = 1
}

/// Where a binding may go (`struct nf_nat_range2`). Ports are host-order numbers; for ICMP they are identifiers.
struct NATRange {
    var minimum: AddressBits = .zero
    var maximum: AddressBits = .zero
    /// Flags << 48 | base port << 32 | largest port << 16 | smallest: whole words, as in `Tuple`.
    private var rest: UInt64 = 0

    var minimumPort: UInt16 {
        @inline(__always) get { UInt16(truncatingIfNeeded: rest) }
        @inline(__always) set { rest = rest & ~0xffff | UInt64(newValue) }
    }
    var maximumPort: UInt16 {
        @inline(__always) get { UInt16(truncatingIfNeeded: rest >> 16) }
        @inline(__always) set { rest = rest & ~(0xffff << 16) | UInt64(newValue) << 16 }
    }
    var basePort: UInt16 {
        @inline(__always) get { UInt16(truncatingIfNeeded: rest >> 32) }
        @inline(__always) set { rest = rest & ~(0xffff << 32) | UInt64(newValue) << 32 }
    }
    var flags: Flags {
        @inline(__always) get { Flags(rawValue: UInt8(truncatingIfNeeded: rest >> 48)) }
        @inline(__always) set { rest = rest & ~(0xff << 48) | UInt64(newValue.rawValue) << 48 }
    }

    struct Flags: OptionSet {
        var rawValue: UInt8
        /// `NF_NAT_RANGE_*`.
        static let mapIPs = Flags(rawValue: 1 << 0)
        static let protoSpecified = Flags(rawValue: 1 << 1)
        static let protoRandom = Flags(rawValue: 1 << 2)
        static let persistent = Flags(rawValue: 1 << 3)
        static let protoRandomFully = Flags(rawValue: 1 << 4)
        static let protoOffset = Flags(rawValue: 1 << 5)
        static let netmap = Flags(rawValue: 1 << 6)

        static let protoRandomAll: Flags = [.protoRandom, .protoRandomFully]
    }

    /// A range of the one address.
    @inline(__always)
    init(address: AddressBits, flags: Flags = .mapIPs) {
        minimum = address
        maximum = address
        rest = UInt64(flags.rawValue) << 48
    }

    @inline(__always) init() {}

    /// What a rule's target says.
    init(_ target: NATTarget) {
        if let addresses = target.addresses {
            minimum = addresses.lowerBound.bits
            maximum = addresses.upperBound.bits
            flags.insert(.mapIPs)
        }
        if let ports = target.ports {
            minimumPort = ports.lowerBound
            maximumPort = ports.upperBound
            flags.insert(.protoSpecified)
        }
        if let base = target.basePort {
            basePort = base
            flags.insert(.protoOffset)
        }
        if target.random { flags.insert(.protoRandom) }
        if target.randomFully { flags.insert(.protoRandomFully) }
        if target.persistent { flags.insert(.persistent) }
    }
}
