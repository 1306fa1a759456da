import HawseModel
import HawseWire

/// What the reference knows of a packet.
struct ReferencePacket {
    var family: AddressFamily
    var source: AddressBits
    var destination: AddressBits
    var ipProtocol: UInt8
    /// In bytes, 0 for whole packets and first fragments.
    var fragmentOffset: Int
    /// Transport header and payload.
    var transport: [UInt8]
    /// Bytes of the IP packet.
    var length: Int
    var tos: UInt8
    var ttl: UInt8
    var mark: UInt32
    var inInterface: String
    var outInterface: String

    func port(_ offset: Int) -> UInt16 { UInt16(transport[offset]) << 8 | UInt16(transport[offset + 1]) }
}

/// A table evaluated as the manual says, straight from the model: slow, short, and written apart from the compiler.
struct ReferenceEvaluator {
    enum Outcome: Hashable { case accept, drop }
    private enum Step { case next, verdict(Outcome), jump(String, isGoto: Bool), back }

    var table: Table
    let family: AddressFamily
    /// `statistic --mode nth`: packets seen, by chain and rule and match.
    private var seen: [String: UInt32] = [:]
    private var hotdrop = false

    init(_ table: Table, family: AddressFamily) {
        self.table = table
        self.family = family
    }

    mutating func evaluate(_ packet: inout ReferencePacket, _ hook: Hook) -> Outcome {
        hotdrop = false
        var callers: [(chain: Int, rule: Int)] = []
        guard let start = table.index(of: hook.name) else { return .accept }
        var (chain, rule) = (start, 0)
        while true {
            if rule == table.chains[chain].rules.count {
                if let policy = table.chains[chain].policy {
                    table.chains[chain].counters += Counters(packets: 1, bytes: UInt64(packet.length))
                    return policy == .accept ? .accept : .drop
                }
                if let caller = callers.popLast() {
                    (chain, rule) = (caller.chain, caller.rule + 1)
                } else {
                    (chain, rule) = (start, table.chains[start].rules.count)
                }
                continue
            }
            let holds = matches(packet, chain, rule)
            if hotdrop { return .drop }
            guard holds else {
                rule += 1
                continue
            }
            table.chains[chain].rules[rule].counters += Counters(packets: 1, bytes: UInt64(packet.length))
            switch act(table.chains[chain].rules[rule].target, &packet) {
            case .next: rule += 1
            case .verdict(let outcome): return outcome
            case .back: rule = table.chains[chain].rules.count
            case .jump(let name, let isGoto):
                if !isGoto { callers.append((chain, rule)) }
                chain = table.index(of: name) ?? chain
                rule = 0
            }
        }
    }

    private func act(_ target: Target?, _ packet: inout ReferencePacket) -> Step {
        switch target {
        case .accept: return .verdict(.accept)
        case .drop: return .verdict(.drop)
        case .return: return .back
        case .jump(let name): return .jump(name, isGoto: false)
        case .goto(let name): return .jump(name, isGoto: true)
        case .mark(let t): packet.mark = (packet.mark & ~t.mask) ^ t.value
        case .tos(let t): packet.tos = (packet.tos & ~t.mask) ^ t.value
        case .ttl(let t), .hl(let t):
            let change = t.operation == .increment ? Int(t.value) : -Int(t.value)
            packet.ttl = t.operation == .set ? t.value : UInt8(clamping: Int(packet.ttl) + change)
        default: break
        }
        return .next
    }

    private mutating func matches(_ packet: ReferencePacket, _ chain: Int, _ number: Int) -> Bool {
        let rule = table.chains[chain].rules[number]
        func covers(_ match: AddressMatch?, _ address: AddressBits) -> Bool {
            match.map { (address & $0.mask == $0.address.bits) != $0.inverted } ?? true
        }
        func names(_ match: InterfaceMatch?, _ name: String) -> Bool {
            match.map { ($0.isWildcard ? name.hasPrefix($0.name) : name == $0.name) != $0.inverted } ?? true
        }
        guard covers(rule.source, packet.source), covers(rule.destination, packet.destination),
            names(rule.inInterface, packet.inInterface), names(rule.outInterface, packet.outInterface)
        else { return false }
        if let p = rule.ipProtocol, p.number.rawValue != 0, (packet.ipProtocol == p.number.rawValue) == p.inverted {
            return false
        }
        if let fragment = rule.fragment, (packet.fragmentOffset != 0) != fragment { return false }
        for (i, match) in rule.matches.enumerated() {
            guard holds(match, packet, "\(chain) \(number) \(i)") else { return false }
        }
        return true
    }

    private mutating func holds(_ match: Match, _ packet: ReferencePacket, _ place: String) -> Bool {
        switch match {
        case .comment: return true
        case .mark(let m): return (packet.mark & m.mark.mask == m.mark.value) != m.mark.inverted
        case .length(let m): return m.length.contains(UInt16(clamping: packet.length))
        case .tos(let m): return (packet.tos & m.mask == m.value) != m.inverted
        case .dscp(let m): return (packet.tos >> 2 == m.value) != m.inverted
        case .ttl(let m), .hl(let m):
            switch m.comparison {
            case .equal: return packet.ttl == m.value
            case .notEqual: return packet.ttl != m.value
            case .lessThan: return packet.ttl < m.value
            case .greaterThan: return packet.ttl > m.value
            }
        case .statistic(let m):
            guard case .nth(let every, let position) = m.mode else { return false }
            let count = seen[place, default: 0]
            seen[place] = count + 1
            return (count % every == position) != m.inverted
        default: return holdsTransport(match, packet)
        }
    }

    /// Matches on the transport header: later fragments have none, and a header cut short means drop.
    private mutating func holdsTransport(_ match: Match, _ packet: ReferencePacket) -> Bool {
        func contains(_ range: ValueRange<UInt16>?, _ port: UInt16) -> Bool { range?.contains(port) ?? true }
        if packet.fragmentOffset != 0 {
            if case .tcp = match, family == .ipv4, packet.fragmentOffset == 8 { hotdrop = true }
            return false
        }
        let needed: Int
        switch match {
        case .tcp: needed = 20
        case .multiport: needed = 4
        default: needed = 8
        }
        guard packet.transport.count >= needed else {
            hotdrop = true
            return false
        }
        switch match {
        case .tcp(let m):
            let flags = packet.transport[13]
            let flagsHold = m.flags.map { (flags & $0.mask == $0.comparison) != $0.inverted } ?? true
            return contains(m.sourcePorts, packet.port(0)) && contains(m.destinationPorts, packet.port(2)) && flagsHold
        case .udp(let m):
            return contains(m.sourcePorts, packet.port(0)) && contains(m.destinationPorts, packet.port(2))
        case .icmp(let m), .icmp6(let m):
            let isType = m.type == packet.transport[0] && m.codes.contains(packet.transport[1])
            return (isType || (family == .ipv4 && m.type == 255)) != m.inverted
        case .multiport(let m):
            func listed(_ port: UInt16) -> Bool {
                m.ports.contains { port >= $0.lower && port <= ($0.isRange ? $0.upper : $0.lower) }
            }
            let source = listed(packet.port(0))
            let destination = listed(packet.port(2))
            return (m.side == .source ? source : m.side == .destination ? destination : source || destination)
                != m.inverted
        default: return false
        }
    }
}
