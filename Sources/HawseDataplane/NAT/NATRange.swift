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
    var minimumPort: UInt16 = 0
    var maximumPort: UInt16 = 0
    var basePort: UInt16 = 0
    var flags: Flags = []

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
        self.flags = flags
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
