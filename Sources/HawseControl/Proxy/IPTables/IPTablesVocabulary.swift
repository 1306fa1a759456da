import HawseModel
import HawseWire

/// The pieces that kube-proxy's iptables rules are made of.
enum IPTablesVocabulary {
    static func comment(_ text: String) -> Match { .comment(text) }

    /// `-m tcp --dport 80`
    static func destinationPort(_ port: UInt16, _ ipProtocol: IPProtocol) -> Match {
        switch ipProtocol {
        case .udp: .udp(UDPMatch(destinationPorts: ValueRange(port)))
        case .sctp: .sctp(SCTPMatch(destinationPorts: ValueRange(port)))
        default: .tcp(TCPMatch(destinationPorts: ValueRange(port)))
        }
    }

    /// `-m tcp` with no option.
    static func bare(_ ipProtocol: IPProtocol) -> Match {
        switch ipProtocol {
        case .udp: .udp(UDPMatch())
        case .sctp: .sctp(SCTPMatch())
        default: .tcp(TCPMatch())
        }
    }

    static let sourceLocal = Match.addrtype(AddrtypeMatch(source: .local))
    static let destinationLocal = Match.addrtype(AddrtypeMatch(destination: .local))
    static let newConnections = Match.conntrack(ConntrackMatch(states: .new))
    static let relatedEstablished = Match.conntrack(ConntrackMatch(states: [.related, .established]))

    static func host(_ address: IPAddress, inverted: Bool = false) -> AddressMatch {
        AddressMatch(IPPrefix(address, length: address.family.bitCount), inverted: inverted)
    }

    static func loopback(_ family: AddressFamily) -> IPPrefix {
        family == .ipv4
            ? IPPrefix(IPAddress(ipv4: 0x7f00_0000), length: 8)
            : IPPrefix(IPAddress(ipv6High: 0, low: 1), length: 128)
    }

    static func reject(_ family: AddressFamily) -> Target {
        .reject(RejectTarget(family == .ipv4 ? .portUnreachable : .v6PortUnreachable))
    }

    /// One in `count`, as it arrives in the kernel: written with ten decimals, kept as a 31-bit fraction.
    static func oneIn(_ count: Int) -> Match {
        let written = (1e10 / Double(count)).rounded() / 1e10
        return .statistic(StatisticMatch(mode: .random(probability: UInt32((written * 2_147_483_648).rounded()))))
    }
}

/// Match lists that tens of thousands of rules have in common, made once.
struct SharedMatches: Sendable {
    private let oneIn: [[Match]]
    private let bare: [[Match]]

    init() {
        oneIn = (0...256).map { $0 < 2 ? [] : [IPTablesVocabulary.oneIn($0)] }
        bare = [.tcp, .udp, .sctp].map { [IPTablesVocabulary.bare($0)] }
    }

    /// The statistic match of the first of `count` remaining rules; none for the last.
    func oneIn(_ count: Int) -> [Match] {
        count < oneIn.count ? oneIn[max(count, 0)] : [IPTablesVocabulary.oneIn(count)]
    }

    func bare(_ ipProtocol: IPProtocol) -> [Match] {
        switch ipProtocol {
        case .udp: bare[1]
        case .sctp: bare[2]
        default: bare[0]
        }
    }
}
