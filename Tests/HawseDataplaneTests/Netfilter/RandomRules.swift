import HawseModel
import HawseWire

/// Rule sets and packets by chance, drawn from so small a world that rules match often.
struct RandomRules {
    var chance: RandomStream
    let family: AddressFamily
    static let interfaces = ["eth0", "eth1", "veth0", "veth1"]

    init(seed: UInt64, family: AddressFamily) {
        chance = RandomStream(seed: seed, purpose: "random-rules")
        self.family = family
    }

    mutating func below(_ bound: Int) -> Int { Int(chance.below(UInt32(bound))) }
    mutating func oneIn(_ n: Int) -> Bool { below(n) == 0 }
    mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }

    mutating func address() -> IPAddress {
        let host = UInt32(below(24))
        return family == .ipv4
            ? IPAddress(ipv4: 0x0a60_0000 | host << 8 & 0x300 | host)
            : IPAddress(ipv6High: 0xfd00_0096_0000_0000 | UInt64(host & 3), low: UInt64(host))
    }

    mutating func addressMatch() -> AddressMatch {
        let lengths = family == .ipv4 ? [32, 32, 24, 30, 0] : [128, 128, 64, 126, 0]
        return AddressMatch(IPPrefix(address(), length: pick(lengths)), inverted: oneIn(6))
    }

    mutating func interfaceMatch() -> InterfaceMatch {
        InterfaceMatch(text: pick(["eth0", "eth1", "eth+", "veth+", "veth1", "lo", "+", "wlan0"]), inverted: oneIn(5))
    }

    mutating func port() -> UInt16 { UInt16(80 + below(6)) }
    mutating func ports() -> ValueRange<UInt16>? {
        guard oneIn(2) else { return nil }
        let lower = port()
        return ValueRange(lower, oneIn(3) ? lower + UInt16(below(3)) : lower, inverted: oneIn(6))
    }

    /// A table with six user chains; chains are called by chains before them only, so that none loops.
    mutating func table(_ name: TableName, hook: Hook) -> Table {
        var table = Table.builtin(name)
        let names = ["C0", "C1", "C2", "C3", "C4", "C5"]
        for name in names { table.chains.append(Chain(name: name)) }
        for c in table.chains.indices {
            let isStart = table.chains[c].name == hook.name
            guard isStart || table.chains[c].policy == nil else { continue }
            let level = isStart ? 0 : (names.firstIndex(of: table.chains[c].name) ?? 0) + 1
            let callees = Array(names.dropFirst(level))
            table.chains[c].rules = rules(callees, name)
            if isStart, oneIn(3) { table.chains[c].policy = .drop }
        }
        return table
    }

    mutating func rules(_ callees: [String], _ table: TableName) -> [Rule] {
        var rules: [Rule] = []
        for _ in 0..<below(4) + 1 {
            if oneIn(3) {
                // Many alike, as kube-proxy writes them: what the classifier is for.
                let shape = below(4)
                for _ in 0..<8 + below(12) { rules.append(service(shape, callees, table)) }
            } else {
                for _ in 0..<below(4) { rules.append(rule(callees, table)) }
            }
        }
        return rules
    }

    private mutating func service(_ shape: Int, _ callees: [String], _ table: TableName) -> Rule {
        var rule = Rule(target: target(callees, table))
        let isTCP = oneIn(2)
        if shape != 1 { rule.destination = AddressMatch(IPPrefix(address(), length: family.bitCount)) }
        if shape == 3 { rule.source = AddressMatch(IPPrefix(address(), length: family.bitCount)) }
        if shape != 0 {
            rule.ipProtocol = ProtocolMatch(isTCP ? .tcp : .udp)
            let exact = ValueRange(port())
            rule.matches = [
                .comment("ns/svc"),
                isTCP ? .tcp(TCPMatch(destinationPorts: exact)) : .udp(UDPMatch(destinationPorts: exact)),
            ]
        }
        if oneIn(12) { rule.inInterface = interfaceMatch() }
        if oneIn(10) { rule.matches.append(statistic()) }
        return rule
    }

    private mutating func statistic() -> Match {
        let every = UInt32(1 + below(4))
        return .statistic(StatisticMatch(mode: .nth(every: every, packet: UInt32(below(Int(every)))), inverted: oneIn(5)))
    }

    mutating func rule(_ callees: [String], _ table: TableName) -> Rule {
        var rule = Rule(target: oneIn(6) ? nil : target(callees, table))
        if oneIn(3) { rule.source = addressMatch() }
        if oneIn(3) { rule.destination = addressMatch() }
        if oneIn(4) { rule.inInterface = interfaceMatch() }
        if oneIn(5) { rule.outInterface = interfaceMatch() }
        if family == .ipv4, oneIn(10) { rule.fragment = oneIn(2) }
        if oneIn(2) { addTransport(&rule) } else if oneIn(6) { rule.ipProtocol = ProtocolMatch(.gre, inverted: oneIn(2)) }
        for _ in 0..<below(3) { rule.matches.append(plainMatch()) }
        return rule
    }

    private mutating func addTransport(_ rule: inout Rule) {
        switch below(4) {
        case 0:
            rule.ipProtocol = ProtocolMatch(.tcp)
            var match = TCPMatch(sourcePorts: ports(), destinationPorts: ports())
            if oneIn(3) { match.flags = TCPMatch.Flags(mask: 0x17, comparison: 0x02, inverted: oneIn(3)) }
            rule.matches.append(.tcp(match))
        case 1:
            rule.ipProtocol = ProtocolMatch(.udp)
            rule.matches.append(.udp(UDPMatch(sourcePorts: ports(), destinationPorts: ports())))
        case 2:
            rule.ipProtocol = ProtocolMatch(family == .ipv4 ? .icmp : .icmpv6)
            let type = UInt8(family == .ipv4 ? pick([0, 8, 3, 255]) : pick([128, 129, 1]))
            let match = ICMPMatch(type: type, codes: oneIn(2) ? 0...255 : 0...1, inverted: oneIn(4))
            rule.matches.append(family == .ipv4 ? .icmp(match) : .icmp6(match))
        default:
            rule.ipProtocol = ProtocolMatch(oneIn(2) ? .tcp : .udp)
            let list = (0..<1 + below(3)).map { _ in
                oneIn(3) ? MultiportMatch.Ports(port(), 83) : MultiportMatch.Ports(port())
            }
            rule.matches.append(
                .multiport(MultiportMatch(side: pick([.source, .destination, .either]), ports: list, inverted: oneIn(4))))
        }
    }

    private mutating func plainMatch() -> Match {
        let inverted = oneIn(4)
        switch below(6) {
        case 0: return .mark(MarkMatch(MaskedValue(value: UInt32(below(4)), mask: 3, inverted: inverted)))
        case 1: return .length(LengthMatch(ValueRange(0, UInt16(30 + below(60)), inverted: inverted)))
        case 2: return .tos(TOSMatch(value: UInt8(below(4)) << 2, mask: 0xfc, inverted: inverted))
        case 3: return .dscp(DSCPMatch(value: UInt8(below(4)), inverted: inverted))
        case 4:
            let match = TTLMatch(
                comparison: pick([.equal, .notEqual, .lessThan, .greaterThan]), value: UInt8(60 + below(6)))
            return family == .ipv4 ? .ttl(match) : .hl(match)
        default: return statistic()
        }
    }

    private mutating func target(_ callees: [String], _ table: TableName) -> Target {
        switch below(12) {
        case 0: return .accept
        case 1: return .drop
        case 2: return .return
        case 3, 4: return .mark(MarkTarget(value: UInt32(below(4)), mask: UInt32(below(4))))
        case 5 where table == .mangle: return .tos(TOSTarget(value: UInt8(below(4)) << 2, mask: 0xfc))
        case 6 where table == .mangle:
            let change = TTLTarget(operation: pick([.set, .increment, .decrement]), value: UInt8(1 + below(64)))
            return family == .ipv4 ? .ttl(change) : .hl(change)
        case 7 where !callees.isEmpty: return .goto(pick(callees))
        case 8...11 where !callees.isEmpty: return .jump(pick(callees))
        default: return .mark(MarkTarget(value: 1, mask: 1))
        }
    }

    /// A packet of which some are fragments and some are cut short within the transport header.
    mutating func packet() -> ReferencePacket {
        let ipProtocol: UInt8 = pick([6, 6, 17, 17, family == .ipv4 ? 1 : 58, 47])
        var transport = [UInt8](repeating: 0, count: 20 + below(30))
        let (source, destination) = (port(), port())
        transport[0] = UInt8(source >> 8)
        transport[1] = UInt8(truncatingIfNeeded: source)
        transport[2] = UInt8(destination >> 8)
        transport[3] = UInt8(truncatingIfNeeded: destination)
        if ipProtocol == 1 || ipProtocol == 58 {
            transport[0] = ipProtocol == 1 ? pick([0, 8, 3]) : pick([128, 129, 1])
            transport[1] = UInt8(below(3))
        }
        transport[12] = 0x50
        transport[13] = pick([0x02, 0x12, 0x10, 0x18, 0x04])
        if oneIn(25) { transport = Array(transport.prefix(below(21))) }
        let offset = family == .ipv4 && oneIn(15) ? pick([8, 16, 1480]) : 0
        return ReferencePacket(
            family: family, source: address().bits, destination: address().bits, ipProtocol: ipProtocol,
            fragmentOffset: offset, transport: transport, length: transport.count + (family == .ipv4 ? 20 : 40),
            tos: UInt8(below(4)) << 2, ttl: UInt8(58 + below(9)), mark: UInt32(below(4)),
            inInterface: pick(Self.interfaces), outInterface: pick(Self.interfaces))
    }
}

extension ReferencePacket {
    /// The packet's bytes from the IP header on.
    var bytes: [UInt8] {
        var header = [UInt8](repeating: 0, count: family == .ipv4 ? 20 : 40)
        let addresses = IPAddress(family: family, bits: source).bytes + IPAddress(family: family, bits: destination).bytes
        if family == .ipv4 {
            header[0] = 0x45
            header[1] = tos
            header[2] = UInt8(length >> 8)
            header[3] = UInt8(length & 255)
            header[6] = UInt8((fragmentOffset / 8) >> 8)
            header[7] = UInt8((fragmentOffset / 8) & 255)
            header[8] = ttl
            header[9] = ipProtocol
            header.replaceSubrange(12..<20, with: addresses)
            header.withUnsafeMutableBytes { IPv4Header($0.baseAddress!).storeChecksum() }
        } else {
            header[0] = 0x60 | tos >> 4
            header[1] = tos << 4
            header[4] = UInt8(transport.count >> 8)
            header[5] = UInt8(transport.count & 255)
            header[6] = ipProtocol
            header[7] = ttl
            header.replaceSubrange(8..<40, with: addresses)
        }
        return header + transport
    }
}
