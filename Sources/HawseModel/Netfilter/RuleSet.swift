import HawseWire

/// What one `iptables-save` (or `ip6tables-save`) prints: the tables of one address family.
public struct RuleSet: Hashable, Sendable {
    public var family: AddressFamily
    /// In the order of the text; a table stands at most once.
    public var tables: [Table]

    public init(family: AddressFamily, tables: [Table] = []) {
        self.family = family
        self.tables = tables
    }

    public subscript(name: TableName) -> Table? {
        get { tables.first { $0.name == name } }
        set {
            let index = tables.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let table?): tables[index] = table
            case (let index?, nil): tables.remove(at: index)
            case (nil, let table?): tables.append(table)
            case (nil, nil): break
            }
        }
    }
}

/// One table: builtin chains first in hook order, then user chains, as iptables-save lists them.
public struct Table: Hashable, Sendable {
    public var name: TableName
    public var chains: [Chain]

    public init(name: TableName, chains: [Chain] = []) {
        self.name = name
        self.chains = chains
    }

    /// A table with its builtin chains, all with policy ACCEPT and no rules.
    public static func builtin(_ name: TableName) -> Table {
        Table(name: name, chains: name.hooks.map { Chain(name: $0.name, policy: .accept) })
    }

    public func chain(_ name: String) -> Chain? { chains.first { $0.name == name } }
    public func index(of chain: String) -> Int? { chains.firstIndex { $0.name == chain } }

    /// Builtin chains in hook order, then user chains by name (bytewise): libiptc's order and the nf_tables variant's.
    public var chainsInSaveOrder: [Chain] {
        let builtin = name.hooks.map(\.name)
        var user = chains.filter { !builtin.contains($0.name) }
        if !zip(user, user.dropFirst()).allSatisfy({ !utf8Less($1.name, $0.name) }) {
            user.sort { utf8Less($0.name, $1.name) }
        }
        return builtin.compactMap { chain($0) } + user
    }
}

/// Bytewise, as strcmp: String's own order is by Unicode's rules.
public func utf8Less(_ a: String, _ b: String) -> Bool {
    let fast = a.utf8.withContiguousStorageIfAvailable { x in
        b.utf8.withContiguousStorageIfAvailable { y in
            for i in 0..<min(x.count, y.count) where x[i] != y[i] { return x[i] < y[i] }
            return x.count < y.count
        }
    }
    if let fast, let fast { return fast }
    return a.utf8.lexicographicallyPrecedes(b.utf8)
}

/// A chain: builtin when it has a policy.
public struct Chain: Hashable, Sendable {
    public enum Policy: String, Hashable, Sendable {
        case accept = "ACCEPT"
        case drop = "DROP"
    }

    public var name: String
    /// `nil` for user chains, shown as `-`.
    public var policy: Policy?
    /// The policy's counters; always zero for user chains.
    public var counters: Counters
    public var rules: [Rule]

    public init(name: String, policy: Policy? = nil, counters: Counters = .zero, rules: [Rule] = []) {
        self.name = name
        self.policy = policy
        self.counters = counters
        self.rules = rules
    }
}

/// Packets and bytes, where bytes count the IP packet without link header or padding.
@frozen
public struct Counters: Hashable, Sendable {
    public var packets: UInt64
    public var bytes: UInt64

    @inlinable
    public init(packets: UInt64 = 0, bytes: UInt64 = 0) {
        self.packets = packets
        self.bytes = bytes
    }

    @inlinable public static var zero: Counters { Counters() }

    @inlinable
    public static func += (a: inout Self, b: Self) {
        a.packets &+= b.packets
        a.bytes &+= b.bytes
    }
}
