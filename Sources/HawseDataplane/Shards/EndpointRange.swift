import HawseModel
import HawseWire

/// Addresses and ports of one protocol that destination NAT may take a packet from or to.
struct EndpointRange: Hashable {
    var family: AddressFamily
    var first: AddressBits
    var last: AddressBits
    var ports: ClosedRange<UInt16> = 0...UInt16.max
    /// 0: any.
    var ipProtocol: IPProtocol = .unspecified

    static func all(_ family: AddressFamily) -> EndpointRange {
        EndpointRange(family: family, first: .zero, last: IPPrefix.all(family).last.bits)
    }

    init(family: AddressFamily, first: AddressBits, last: AddressBits) {
        self.family = family
        self.first = first
        self.last = last
    }

    init(_ address: IPAddress, port: UInt16? = nil, _ ipProtocol: IPProtocol? = nil) {
        self.init(family: address.family, first: address.bits, last: address.bits)
        if let port { ports = port...port }
        self.ipProtocol = ipProtocol ?? .unspecified
    }

    func intersection(_ other: EndpointRange) -> EndpointRange? {
        var both = self
        both.first = max(first, other.first)
        both.last = min(last, other.last)
        let low = max(ports.lowerBound, other.ports.lowerBound)
        let high = min(ports.upperBound, other.ports.upperBound)
        guard !(both.last < both.first), low <= high,
            ipProtocol == .unspecified || other.ipProtocol == .unspecified || ipProtocol == other.ipProtocol
        else { return nil }
        both.ports = low...high
        both.ipProtocol = ipProtocol == .unspecified ? other.ipProtocol : ipProtocol
        return both
    }

    func contains(_ address: AddressBits, _ port: UInt16, _ number: IPProtocol, _ version: UInt8) -> Bool {
        !(address < first) && !(last < address) && ports.contains(port) && (ipProtocol == .unspecified || ipProtocol == number)
            && (family == .ipv6) == (version == 6)
    }
}

/// Which endpoints a node's destination NAT has to do with: the addresses that its rules translate, and those they
/// translate to. Too many rather than too few: what a rule asks besides address, protocol and port is not looked at.
struct TranslatedEndpoints {
    private(set) var ranges: Set<EndpointRange> = []
    /// Ranges that a chain is reached with; beyond it, everything is taken to reach the chain.
    private static let most = 64

    init(_ spec: NodeSpec) {
        let own = spec.interfaces.flatMap(\.addresses).map(\.address) + [IPAddress(ipv4: 0x7f00_0001)]
        for ruleSet in [spec.iptables, spec.ip6tables] {
            guard let ruleSet, let table = ruleSet[.nat] else { continue }
            add(table, ruleSet.family, own.filter { $0.family == ruleSet.family })
        }
        for service in spec.ipvs?.services ?? [] {
            guard case .address(let number, let address, let port) = service.key else { continue }
            ranges.insert(EndpointRange(address, port: port, number))
            for destination in service.destinations {
                ranges.insert(EndpointRange(destination.address, port: destination.port, number))
            }
        }
    }

    /// Follows the chains from where packets come in, with what is known of a packet's destination on each way.
    private mutating func add(_ table: Table, _ family: AddressFamily, _ own: [IPAddress]) {
        var numbers: [String: Int] = [:]
        for (number, chain) in table.chains.enumerated() { numbers[chain.name] = number }
        var translates = [Bool?](repeating: nil, count: table.chains.count)
        var order: [Int] = []
        for number in table.chains.indices { visit(number, table, numbers, &translates, &order) }
        var reach = [[EndpointRange]](repeating: [], count: table.chains.count)
        for name in [Hook.prerouting, .output] { if let number = numbers[name.name] { reach[number] = [.all(family)] } }
        // Callers come before the chains they call.
        for number in order.reversed() where translates[number] == true && !reach[number].isEmpty {
            if reach[number].count > Self.most { reach[number] = [.all(family)] }
            for rule in table.chains[number].rules {
                guard let target = rule.target else { continue }
                let wanted = rule.destinations(family).flatMap { own in reach[number].compactMap(own.intersection) }
                switch target {
                case .jump(let name), .goto(let name):
                    if let callee = numbers[name], translates[callee] == true { reach[callee] += wanted }
                default: add(target, wanted, family, own)
                }
            }
        }
    }

    /// Whether a destination is translated in the chain or below it; chains in the order in which their callees are done.
    private func visit(
        _ number: Int, _ table: Table, _ numbers: [String: Int], _ translates: inout [Bool?], _ order: inout [Int]
    ) {
        guard translates[number] == nil else { return }
        translates[number] = false
        var found = false
        for rule in table.chains[number].rules {
            switch rule.target {
            case .dnat, .redirect, .netmap: found = true
            case .jump(let name), .goto(let name):
                guard let callee = numbers[name] else { continue }
                visit(callee, table, numbers, &translates, &order)
                if translates[callee] == true { found = true }
            default: break
            }
        }
        translates[number] = found
        order.append(number)
    }

    private mutating func add(_ target: Target, _ from: [EndpointRange], _ family: AddressFamily, _ own: [IPAddress]) {
        switch target {
        case .dnat(let nat):
            for range in from {
                ranges.insert(range)
                var to = range
                if let addresses = nat.addresses { (to.first, to.last) = (addresses.lowerBound.bits, addresses.upperBound.bits) }
                if let ports = nat.ports { to.ports = ports }
                ranges.insert(to)
            }
        case .redirect(let redirect):
            for range in from {
                ranges.insert(range)
                for address in own {
                    var to = EndpointRange(family: family, first: address.bits, last: address.bits)
                    to.ipProtocol = range.ipProtocol
                    to.ports = redirect.ports ?? range.ports
                    ranges.insert(to)
                }
            }
        case .netmap(let netmap):
            for range in from {
                ranges.insert(range)
                var to = range
                to.first = netmap.network.bits & netmap.mask
                to.last = netmap.network.bits | (~netmap.mask & EndpointRange.all(family).last)
                ranges.insert(to)
            }
        default: break
        }
    }
}

extension Rule {
    /// The destinations that the rule lets through, as far as address, protocol and port tell.
    fileprivate func destinations(_ family: AddressFamily) -> [EndpointRange] {
        var range = EndpointRange.all(family)
        if let destination, !destination.inverted {
            range.first = destination.address.bits & destination.mask
            range.last = destination.address.bits | (~destination.mask & range.last)
        }
        if let ipProtocol, !ipProtocol.inverted { range.ipProtocol = ipProtocol.number }
        var ports = [range.ports]
        for match in matches {
            switch match {
            case .tcp(let match): if let given = match.destinationPorts, !given.inverted { ports = [given.lower...max(given.lower, given.upper)] }
            case .udp(let match), .udplite(let match):
                if let given = match.destinationPorts, !given.inverted { ports = [given.lower...max(given.lower, given.upper)] }
            case .multiport(let match) where match.side == .destination && !match.inverted:
                ports = match.ports.map { $0.lower...max($0.lower, $0.upper) }
            default: break
            }
        }
        return ports.map { only in
            var one = range
            one.ports = only
            return one
        }
    }
}
