import HawseDataplane
import HawseWire

/// What became of one captured packet: in words that two configurations can be compared by.
public struct PacketFate: Hashable, Sendable {
    /// How closely two fates are compared.
    public enum Precision: String, CaseIterable, Sendable {
        /// Delivered, sent on, answered or dropped, and why.
        case outcome
        /// Also to whom, with which addresses and ports.
        case endpoint
        /// Also every byte that left.
        case bytes
    }

    /// Ends in the order in which they came, such as `out by eth1`, `dropped: rule`.
    public internal(set) var ends: [String] = []
    /// For each end: to whom, as addresses and ports, or the pod's name.
    public internal(set) var targets: [String] = []
    /// FNV-1a over the bytes of all frames in order.
    public internal(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325

    init() {}

    mutating func add(_ end: String, target: String = "", frame: some Sequence<UInt8> = EmptyCollection()) {
        ends.append(end)
        targets.append(target)
        for byte in frame { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }

    public func isLike(_ other: PacketFate, _ precision: Precision) -> Bool {
        switch precision {
        case .outcome: ends == other.ends
        case .endpoint: ends == other.ends && targets == other.targets
        case .bytes: self == other
        }
    }

    /// One line; an empty fate is a packet that left no trace, such as one held in a queue until the end.
    public func text(_ precision: Precision) -> String {
        guard !ends.isEmpty else { return "nothing" }
        return zip(ends, targets).map { end, target in
            precision == .outcome || target.isEmpty ? end : "\(end) (\(target))"
        }.joined(separator: ", ")
    }

    /// A refusal made by a node on the packet's way: a reset, or an ICMP error. `nil` for anything else.
    static func answer(_ frame: [UInt8]) -> String? {
        let layers = FrameLayers(frame)
        guard layers.ip != nil, let transport = layers.transport, frame.count >= transport + 2 else { return nil }
        let (type, code) = (frame[transport], frame[transport + 1])
        switch layers.ipProtocol {
        case .tcp where frame.count > transport + 13 && frame[transport + 13] & 4 != 0: return "TCP reset"
        case .icmp where [3, 4, 5, 11, 12].contains(type): return "ICMP \(type)/\(code)"
        case .icmpv6 where type < 128 || type == 137: return "ICMPv6 \(type)/\(code)"
        default: return nil
        }
    }
}
