import HawseWire

/// One nftables table as kube-proxy writes it: the few statements it uses, as values.
public struct NFTTable: Hashable, Sendable {
    public var family: AddressFamily
    public var name: String
    public var comment: String
    /// Sets and maps, in the order of creation.
    public var sets: [NFTSet]
    public var chains: [NFTChain]

    public init(
        family: AddressFamily, name: String, comment: String = "", sets: [NFTSet] = [], chains: [NFTChain] = []
    ) {
        self.family = family
        self.name = name
        self.comment = comment
        self.sets = sets
        self.chains = chains
    }
}

/// A named set, or with verdicts a verdict map.
public struct NFTSet: Hashable, Sendable {
    public enum Field: Hashable, Sendable { case address, ipProtocol, port }

    public struct Element: Hashable, Sendable {
        public var key: [NFTValue]
        public var verdict: NFTVerdict?
        public var comment: String?

        public init(_ key: [NFTValue], verdict: NFTVerdict? = nil, comment: String? = nil) {
            self.key = key
            self.verdict = verdict
            self.comment = comment
        }
    }

    public var name: String
    public var fields: [Field]
    public var isMap: Bool
    public var comment: String?
    /// Seconds after which an element goes; the set is filled by rules then.
    public var timeout: UInt32?
    public var elements: [Element]

    public init(
        name: String, fields: [Field], isMap: Bool = false, comment: String? = nil, timeout: UInt32? = nil,
        elements: [Element] = []
    ) {
        self.name = name
        self.fields = fields
        self.isMap = isMap
        self.comment = comment
        self.timeout = timeout
        self.elements = elements
    }
}

/// One part of a set's key.
public enum NFTValue: Hashable, Sendable {
    case address(IPAddress)
    case ipProtocol(IPProtocol)
    case port(UInt16)
}

public enum NFTVerdict: Hashable, Sendable {
    case drop
    case jump(String)
    case goto(String)
}

public struct NFTChain: Hashable, Sendable {
    /// Where a base chain is hooked in; all have policy accept.
    public struct Base: Hashable, Sendable {
        public var type: String
        public var hook: String
        /// As `nft list` shows it: `filter`, `dstnat - 10`, `-110`.
        public var priority: String

        public init(type: String, hook: String, priority: String) {
            self.type = type
            self.hook = hook
            self.priority = priority
        }
    }

    public var name: String
    public var base: Base?
    public var comment: String?
    public var rules: [NFTRule]

    public init(name: String, base: Base? = nil, comment: String? = nil, rules: [NFTRule] = []) {
        self.name = name
        self.base = base
        self.comment = comment
        self.rules = rules
    }
}

public struct NFTRule: Hashable, Sendable {
    public var statements: [NFTStatement]
    public var comment: String?

    public init(_ statements: NFTStatement..., comment: String? = nil) {
        self.statements = statements
        self.comment = comment
    }
}

/// A match or an action of a rule, carried out from left to right.
public enum NFTStatement: Hashable, Sendable {
    public enum Direction: Hashable, Sendable { case source, destination }

    /// Part of the packet that a set or map is asked for.
    public enum Selector: Hashable, Sendable {
        case source, destination, ipProtocol, destinationPort
    }

    case prefix(Direction, IPPrefix, inverted: Bool = false)
    /// An anonymous interval set of prefixes.
    case prefixes(Direction, [IPPrefix], inverted: Bool = false)
    case inSet([Selector], set: String)
    /// A name or, with `*`, a name's beginning.
    case inInterface(String, inverted: Bool)
    case newConnection
    case translated
    /// `fib saddr type local`
    case isLocal(Direction)
    case ipProtocol(IPProtocol)
    case hasMark(UInt32)
    case setMark(UInt32)
    case flipMark(UInt32)
    case lookup([Selector], map: String)
    /// `numgen random mod N vmap { … }`
    case randomJump([String])
    /// `dnat ip to numgen random mod N map { … }`
    case randomDNAT([NFTDestination])
    case dnat(NFTDestination)
    /// Remembers the source in a set.
    case update(set: String)
    case masquerade
    case reject
    case verdict(NFTVerdict)
}

public struct NFTDestination: Hashable, Sendable {
    public var address: IPAddress
    public var port: UInt16

    public init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }
}
