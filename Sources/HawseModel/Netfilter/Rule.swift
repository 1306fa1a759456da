import HawseWire

/// One rule: the generic IP part, the extension matches in the order written, and a target.
///
/// What it asks and does is kept behind one reference, copied when a copy is changed: rule sets have hundreds of
/// thousands of rules, which are compared, moved and counted more often than they are written.
public struct Rule: Hashable, Sendable {
    public var counters: Counters
    private var body: RuleBody

    public init(
        counters: Counters = .zero, source: AddressMatch? = nil, destination: AddressMatch? = nil,
        inInterface: InterfaceMatch? = nil, outInterface: InterfaceMatch? = nil,
        ipProtocol: ProtocolMatch? = nil, fragment: Bool? = nil, matches: [Match] = [], target: Target? = nil,
        location: SourceLocation? = nil
    ) {
        self.counters = counters
        body = RuleBody(
            source: source, destination: destination, inInterface: inInterface, outInterface: outInterface,
            ipProtocol: ipProtocol, fragment: fragment, matches: matches, target: target, location: location)
    }

    public var source: AddressMatch? {
        get { body.source }
        set { own().source = newValue }
    }
    public var destination: AddressMatch? {
        get { body.destination }
        set { own().destination = newValue }
    }
    public var inInterface: InterfaceMatch? {
        get { body.inInterface }
        set { own().inInterface = newValue }
    }
    public var outInterface: InterfaceMatch? {
        get { body.outInterface }
        set { own().outInterface = newValue }
    }
    public var ipProtocol: ProtocolMatch? {
        get { body.ipProtocol }
        set { own().ipProtocol = newValue }
    }
    /// `-f` (IPv4): later fragments; `.some(false)` is `! -f`.
    public var fragment: Bool? {
        get { body.fragment }
        set { own().fragment = newValue }
    }
    public var matches: [Match] {
        get { body.matches }
        _modify { yield &own().matches }
    }
    /// What its `-m comment` say; empty without one.
    public var comment: String {
        matches.compactMap { if case .comment(let text) = $0 { text } else { nil } }.joined(separator: "; ")
    }
    /// `nil`: a rule with no target only counts.
    public var target: Target? {
        get { body.target }
        set { own().target = newValue }
    }
    /// Where the rule stood in its source text; `nil` when it was made by code. Not part of equality.
    public var location: SourceLocation? {
        get { body.location }
        set { own().location = newValue }
    }

    private mutating func own() -> RuleBody {
        if !isKnownUniquelyReferenced(&body) { body = RuleBody(copying: body) }
        return body
    }

    public static func == (a: Self, b: Self) -> Bool {
        a.counters == b.counters && a.isEqualIgnoringCounters(b)
    }

    /// Equal in everything but counters, as `-D` and `-C` compare.
    public func isEqualIgnoringCounters(_ other: Rule) -> Bool { body === other.body || body == other.body }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(counters)
        body.hash(into: &hasher)
    }
}

/// What a rule asks and does. Only changed while one rule alone refers to it.
private final class RuleBody: @unchecked Sendable {
    var source: AddressMatch?
    var destination: AddressMatch?
    var inInterface: InterfaceMatch?
    var outInterface: InterfaceMatch?
    var ipProtocol: ProtocolMatch?
    var fragment: Bool?
    var matches: [Match]
    var target: Target?
    var location: SourceLocation?

    init(
        source: AddressMatch?, destination: AddressMatch?, inInterface: InterfaceMatch?,
        outInterface: InterfaceMatch?, ipProtocol: ProtocolMatch?, fragment: Bool?, matches: [Match], target: Target?,
        location: SourceLocation?
    ) {
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

    convenience init(copying other: RuleBody) {
        self.init(
            source: other.source, destination: other.destination, inInterface: other.inInterface,
            outInterface: other.outInterface, ipProtocol: other.ipProtocol, fragment: other.fragment,
            matches: other.matches, target: other.target, location: other.location)
    }

    static func == (a: RuleBody, b: RuleBody) -> Bool {
        a.target == b.target && a.destination == b.destination && a.source == b.source && a.ipProtocol == b.ipProtocol
            && a.inInterface == b.inInterface && a.outInterface == b.outInterface && a.fragment == b.fragment
            && a.matches == b.matches
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(source)
        hasher.combine(destination)
        hasher.combine(inInterface)
        hasher.combine(outInterface)
        hasher.combine(ipProtocol)
        hasher.combine(fragment)
        hasher.combine(matches)
        hasher.combine(target)
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
    /// 1-based; 0 when it is about the file.
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
    public var description: String { column > 0 ? "\(file):\(line):\(column)" : line > 0 ? "\(file):\(line)" : file }
}
