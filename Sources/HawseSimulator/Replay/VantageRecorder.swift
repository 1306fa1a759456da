import HawseCapture
import HawseDataplane
import HawseModel
import HawseWire

/// Writes what every device of every node saw to one pcapng: an interface block a vantage point (`node-a/eth0`,
/// `node-a/flannel.1`, `pod default/web-0`), and on each packet a comment with the rules it hit, what changed in it,
/// and how it ended.
public struct VantageRecorder: ~Copyable {
    private var writer: PcapngWriter
    private var numbers: [String: UInt32] = [:]
    private var lastTime: Int64 = 0

    public init(to destination: CaptureDestination, comments: [String]) throws(CaptureWriteError) {
        var section = CaptureSection()
        section.comments = comments
        section.application = "hawse"
        section.operatingSystem = "Linux (simulated)"
        writer = try PcapngWriter(to: destination, section: section)
    }

    /// Records one node's story. `name` gives a device's vantage point.
    ///
    /// A packet's events stand between its frames: what comes before an outbound frame is what led to it; what comes after
    /// an inbound one tells how it ended.
    public mutating func record(_ events: [TraceEvent], at time: Instant, name: (UInt16) -> (name: String, description: String))
        throws(CaptureWriteError)
    {
        var lines: [UInt64: [String]] = [:]
        for (index, event) in events.enumerated() {
            let key = event.cause << 8 | UInt64(event.generation)
            guard case .frame(let interface, let isOutbound, let bytes) = event.kind else {
                if let line = event.kind.line, event.kind.isWorthAComment { lines[key, default: []].append(line) }
                continue
            }
            var comment = isOutbound ? lines.removeValue(forKey: key) ?? [] : []
            let rest = Self.upToNextFrame(events, after: index, key: key)
            if isOutbound {
                if let ended = rest.ended { comment.append(ended.line) }
            } else {
                comment = rest.lines
            }
            let ended = rest.ended
            var note = PacketNote(direction: isOutbound ? .outbound : .inbound, packetID: key)
            if !comment.isEmpty { note.comments = [comment.joined(separator: "\n")] }
            if case .dropped? = ended { note.verdict = .dropped }
            // Stamps never go back, and frames of one instant keep their order: a nanosecond between them.
            lastTime = max(time.nanoseconds, lastTime &+ 1)
            let number = try vantage(name(interface))
            let stamp = lastTime
            try bytes.withUnsafeBufferPointer { (buffer) throws(CaptureWriteError) in
                try writer.write(UnsafeRawBufferPointer(buffer), interface: number, timestamp: stamp, note: note)
            }
        }
    }

    private static func upToNextFrame(_ events: [TraceEvent], after index: Int, key: UInt64)
        -> (lines: [String], ended: Disposition?)
    {
        var lines: [String] = []
        for event in events[(index + 1)...] where event.cause << 8 | UInt64(event.generation) == key {
            if case .frame = event.kind { return (lines, nil) }
            if let line = event.kind.line, event.kind.isWorthAComment { lines.append(line) }
            if case .ended(let disposition) = event.kind { return (lines, disposition) }
        }
        return (lines, nil)
    }

    private mutating func vantage(_ point: (name: String, description: String)) throws(CaptureWriteError) -> UInt32 {
        if let number = numbers[point.name] { return number }
        let number = try writer.addInterface(CaptureInterface(name: point.name, description: point.description))
        numbers[point.name] = number
        return number
    }

    /// Names for addresses, which Wireshark shows in their place.
    public mutating func names(_ names: [(address: IPAddress, names: [String])]) throws(CaptureWriteError) {
        try writer.writeNames(names)
    }

    public mutating func close() throws(CaptureWriteError) { try writer.close() }
}

extension TraceEvent.Kind {
    /// What a reader of a capture wants beside a frame: rules that matched, changes, the end. Not every hook.
    var isWorthAComment: Bool {
        switch self {
        case .rule, .policy, .nat, .ipvs, .encapsulated, .decapsulated, .changed, .answered, .ended, .conntrack, .route: true
        default: false
        }
    }
}
