import HawseWire

/// One rule: the generic IP part, the extension matches in the order written, and a target.
public struct Rule: Hashable, Sendable {
    public var counters: Counters
    public var source: AddressMatch?
    public var destination: AddressMatch?
    public var inInterface: InterfaceMatch?
    public var outInterface: InterfaceMatch?
    public var ipProtocol: ProtocolMatch?
    /// `-f` (IPv4): later fragments; `.some(false)` is `! -f`.
    public var fragment: Bool?
    public var matches: [Match]
    /// `nil`: a rule with no target only counts.
    public var target: Target?
    /// Where the rule stood in its source text; `nil` when it was made by code. Not part of equality.
    public var location: SourceLocation?

    public init(
        counters: Counters = .zero, source: AddressMatch? = nil, destination: AddressMatch? = nil,
        inInterface: InterfaceMatch? = nil, outInterface: InterfaceMatch? = nil,
        ipProtocol: ProtocolMatch? = nil, fragment: Bool? = nil, matches: [Match] = [], target: Target? = nil,
        location: SourceLocation? = nil
    ) {
        self.counters = counters
        self.source = source
        self.destination = destination
        self.inInterface = inInterface
        self.outInterface = outInterface
        self.ipProtocol = ipProtocol
        self.fragment = fragment
        self.matches = matches
        self.target = target
        self.location = location
    }
}

/// `-s` / `-d`: an address under a mask that need not be contiguous.
public struct AddressMatch: Hashable, Sendable {
    /// Already masked, as iptables stores it.
    public var address: IPAddress
    public var mask: AddressBits
    public var inverted: Bool
    /// The address with its host bits, where the tool shows it so (conntrack's matches); `nil`: `address` itself.
    public var written: IPAddress?

    public init(_ prefix: IPPrefix, inverted: Bool = false) {
        self.init(address: prefix.address, mask: prefix.mask, inverted: inverted)
    }

    public init(address: IPAddress, mask: AddressBits, inverted: Bool = false) {
        self.address = IPAddress(family: address.family, bits: address.bits & mask)
        self.mask = mask
        self.inverted = inverted
    }
}

/// `-i` / `-o`: a name, or with a trailing `+` a name's beginning.
public struct InterfaceMatch: Hashable, Sendable {
    /// Without the `+`. An empty wildcard (`-i +`) matches everything.
    public var name: String
    public var isWildcard: Bool
    public var inverted: Bool

    public init(name: String, isWildcard: Bool = false, inverted: Bool = false) {
        self.name = name
        self.isWildcard = isWildcard
        self.inverted = inverted
    }

    /// As written on a command line: `eth0` or `eth+`.
    public init(text: String, inverted: Bool = false) {
        let wildcard = text.hasSuffix("+")
        self.init(name: wildcard ? String(text.dropLast()) : text, isWildcard: wildcard, inverted: inverted)
    }
}

/// `-p`; 0 stands for `all`.
public struct ProtocolMatch: Hashable, Sendable {
    public var number: IPProtocol
    public var inverted: Bool

    public init(_ number: IPProtocol, inverted: Bool = false) {
        self.number = number
        self.inverted = inverted
    }
}

/// A place in a text; compares equal to any other so that it never makes two rules differ.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// 1-based.
    public var line: Int
    /// 1-based, in characters; 0 when only the line is known.
    public var column: Int

    public init(file: String, line: Int, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }

    public static func == (a: Self, b: Self) -> Bool { true }
    public func hash(into hasher: inout Hasher) {}
    public var description: String { column > 0 ? "\(file):\(line):\(column)" : "\(file):\(line)" }
}
