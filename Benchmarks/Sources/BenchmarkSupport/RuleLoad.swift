import Hawse

/// A forwarding node whose FORWARD chain has so many rules, of which the last is the packet's.
public final class RuleLoad {
    public enum Shape: Sendable {
        /// Rules for one address each: found by hash, unless the classifiers are off.
        case exact
        /// Rules for prefixes: tried one by one.
        case prefixes
        /// One rule that asks a set of so many addresses.
        case set
    }

    public let node: Dataplane
    private let frame: [UInt8]
    private let device: UInt16
    private var now = Instant(seconds: 1_000)
    public static let packets = 1_000

    /// `count` 0: an empty chain.
    public init(_ shape: Shape, count: Int, classified: Bool = true) throws {
        var spec = KubeNode(services: 1).spec
        let wanted: UInt32 = 0x0a01_0002
        var table = Table.builtin(.filter)
        let forward = table.chains.firstIndex { $0.name == "FORWARD" } ?? 0
        switch shape {
        case .exact, .prefixes:
            for number in 0..<count {
                let isLast = number == count - 1
                let address = isLast ? wanted : (shape == .exact ? 0x0b00_0000 + UInt32(number) : 0x0b00_0000 + UInt32(number) << 8)
                let prefix = IPPrefix(IPAddress(ipv4: address), length: shape == .exact ? 32 : 24)
                table.chains[forward].rules.append(
                    Rule(destination: AddressMatch(prefix), ipProtocol: ProtocolMatch(.tcp), target: .accept))
            }
        case .set:
            var set = IPSet(name: "bench", kind: .hashIP)
            set.options.maxElements = UInt32(max(count, 65_536))
            for number in 0..<count {
                var entry = IPSet.Entry()
                entry.first = IPPrefix(IPAddress(ipv4: number == count - 1 ? wanted : 0x0b00_0000 + UInt32(number)), length: 32)
                set.entries.append(entry)
            }
            spec.sets = [set]
            table.chains[forward].rules.append(
                Rule(matches: [.set(SetMatch(set: SetReference(name: "bench", sides: [.destination])))], target: .accept))
        }
        spec.iptables = RuleSet(family: .ipv4, tables: [table])
        node = try Dataplane(spec, seed: 1)
        node.usesClassifiers = classified
        node.usesFlowCache = false
        node.keepsOutputs = false
        device = node.interfaceIndex("eth0") ?? 1
        frame = Flow.segment(
            to: [2, 0, 0, 0, 1, 1], from: 0xc612_0001, 4000, to: wanted, 80, flags: Flow.ack, sequence: 1, acknowledgement: 1)
    }

    /// `RuleLoad.packets` packets.
    public func round() {
        frame.withUnsafeBytes { bytes in
            for _ in 0..<Self.packets {
                now = now + 100
                node.receive(bytes, on: device, at: now)
            }
        }
    }
}
