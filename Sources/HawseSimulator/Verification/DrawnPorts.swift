import HawseCapture
import HawseFormats
import HawseWire

/// Replies in a recording go to the ports and identifiers that the recorded kernel drew; ours draws others. What the
/// node sent is compared with the recording, and inputs that answer it are readdressed to what it drew here.
struct DrawnPorts {
    /// One mapping as a peer sees it.
    private struct Flow: Hashable {
        var interface: String
        var ipProtocol: IPProtocol
        var own: [UInt8]
        var peer: [UInt8]
        /// 0 for echo messages, whose identifier is `recorded`.
        var peerPort: Int
        var recorded: Int
    }

    private static let fields: Set<String> = ["source-port", "snat-port", "icmp-id"]

    private var recorded: [String: [[UInt8]]] = [:]
    private let free: [FreeField]
    private var drawn: [Flow: Int] = [:]

    init(_ golden: GoldenCase) throws(CaptureError) {
        free = golden.free.filter { Self.fields.contains($0.field) }
        guard !free.isEmpty else { return }
        for name in golden.files(in: "out", suffix: ".pcap") {
            recorded[String(name.dropLast(5))] = try CaseOutput.load(golden.directory + "/out/" + name)
        }
    }

    /// The node has sent its frame number `index` on an interface.
    mutating func learn(_ bytes: [UInt8], on interface: String, index: Int) {
        guard let frames = recorded[interface], index < frames.count,
            let theirs = Self.flow(FrameLayers(frames[index]), interface, isReply: false),
            let ours = Self.flow(FrameLayers(bytes), interface, isReply: false)
        else { return }
        // A port may have been drawn for one connection, and be another's own later.
        if theirs == ours { drawn[theirs] = nil }
        let isFree = free.contains { ($0.interface ?? interface) == interface && ($0.frames?.contains(index) ?? true) }
        var expected = ours
        expected.recorded = theirs.recorded
        if isFree, theirs != ours, expected == theirs { drawn[theirs] = ours.recorded }
    }

    /// The input as it would have been for the ports drawn here.
    func readdress(_ input: CaseInput) -> [UInt8] {
        guard !drawn.isEmpty, let interface = input.interface else { return input.bytes }
        let layers = FrameLayers(input.bytes)
        guard let transport = layers.transport, !layers.isFragment else { return input.bytes }
        var frame = input.bytes
        if let flow = Self.flow(layers, interface, isReply: true) {
            guard let port = drawn[flow], let check = FrameLayers.checksumOffset(layers.ipProtocol) else { return frame }
            let offset = transport + (flow.peerPort == 0 ? 4 : 2)
            let isUnchecked = layers.ipProtocol == .udp && layers.word(transport + check) == 0
            Self.replace(&frame, offset, with: port, checksums: isUnchecked ? [] : [transport + check])
            return frame
        }
        readdressQuoted(&frame, layers, transport, interface)
        return frame
    }

    /// An ICMP error: the packet it quotes went out from the port drawn.
    private func readdressQuoted(
        _ frame: inout [UInt8], _ layers: FrameLayers, _ transport: Int, _ interface: String
    ) {
        guard layers.ipProtocol == (layers.version == 4 ? .icmp : .icmpv6), transport + 8 < layers.end else { return }
        // A frame of its own in the quotation's place gives its layers.
        let kind: [UInt8] = layers.version == 4 ? [0x08, 0x00] : [0x86, 0xdd]
        let quoted = FrameLayers([UInt8](repeating: 0, count: 12) + kind + layers.frame[(transport + 8)..<layers.end])
        guard let inner = quoted.transport, let flow = Self.flow(quoted, interface, isReply: false), let port = drawn[flow]
        else { return }
        let shift = transport + 8 - 14
        let at = inner + shift + (flow.peerPort == 0 ? 4 : 0)
        let outerCheck = transport + 2
        if let check = FrameLayers.checksumOffset(quoted.ipProtocol), inner + check + 2 <= quoted.frame.count,
            quoted.ipProtocol != .udp || quoted.word(inner + check) != 0
        {
            let before = Self.word(frame, at)
            let sum = Self.updated(Self.word(frame, inner + shift + check), from: before, to: port)
            Self.replace(&frame, inner + shift + check, with: sum, checksums: [outerCheck])
        }
        Self.replace(&frame, at, with: port, checksums: [outerCheck])
    }

    private static func flow(_ layers: FrameLayers, _ interface: String, isReply: Bool) -> Flow? {
        guard let ip = layers.ip, let transport = layers.transport, transport + 8 <= layers.frame.count else { return nil }
        let size = layers.version == 4 ? 4 : 16
        let first = ip + (layers.version == 4 ? 12 : 8)
        let source = Array(layers.frame[first..<(first + size)])
        let destination = Array(layers.frame[(first + size)..<(first + 2 * size)])
        var flow = Flow(
            interface: interface, ipProtocol: layers.ipProtocol, own: isReply ? destination : source,
            peer: isReply ? source : destination, peerPort: 0, recorded: 0)
        switch layers.ipProtocol {
        case .tcp, .udp, .sctp:
            flow.peerPort = layers.word(transport + (isReply ? 0 : 2))
            flow.recorded = layers.word(transport + (isReply ? 2 : 0))
        case .icmp, .icmpv6:
            let type = Int(layers.frame[transport])
            let request = layers.version == 4 ? 8 : 128
            let reply = layers.version == 4 ? 0 : 129
            guard type == (isReply ? reply : request) else { return nil }
            flow.recorded = layers.word(transport + 4)
        default: return nil
        }
        return flow
    }

    private static func word(_ frame: [UInt8], _ at: Int) -> Int { Int(frame[at]) << 8 | Int(frame[at + 1]) }

    private static func store(_ frame: inout [UInt8], _ at: Int, _ value: Int) {
        frame[at] = UInt8(truncatingIfNeeded: value >> 8)
        frame[at + 1] = UInt8(truncatingIfNeeded: value)
    }

    /// RFC 1624.
    private static func updated(_ checksum: Int, from old: Int, to new: Int) -> Int {
        var sum = (~checksum & 0xffff) + (~old & 0xffff) + new
        while sum >> 16 != 0 { sum = (sum & 0xffff) + (sum >> 16) }
        return ~sum & 0xffff
    }

    private static func replace(_ frame: inout [UInt8], _ at: Int, with value: Int, checksums: [Int]) {
        let old = word(frame, at)
        for check in checksums where check + 1 < frame.count {
            store(&frame, check, updated(word(frame, check), from: old, to: value))
        }
        store(&frame, at, value)
    }
}
