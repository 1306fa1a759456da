import Hawse

/// A packet's story on a terminal, or as NDJSON.
struct Story {
    private var out = StandardOutput()
    private let format: Trace.Format
    private let palette: Palette
    private let showsMisses: Bool
    private var isFirst = true

    init(format: Trace.Format, palette: Palette, showsMisses: Bool) {
        self.format = format
        self.palette = palette
        self.showsMisses = showsMisses
    }

    mutating func write(_ events: [TraceEvent], node: String, devices: [String], at time: Instant) {
        var packet: (UInt64, UInt8)?
        if format == .text { out.line(palette.strong(node)) }
        for event in events {
            if case .miss = event.kind, !showsMisses { continue }
            switch format {
            case .json: json(event, node, devices, time)
            case .text:
                if packet == nil || packet! != (event.cause, event.generation) {
                    let isBack = packet != nil && event.generation == 0
                    packet = (event.cause, event.generation)
                    if event.generation > 0 { out.line(palette.faint("  a packet that this caused")) }
                    if isBack { out.line(palette.faint("  the packet itself")) }
                }
                text(event, devices)
            }
        }
    }

    private mutating func json(_ event: TraceEvent, _ node: String, _ devices: [String], _ time: Instant) {
        var line = JSONLines(capacity: 1 << 12)
        line.append(event, node: node, devices: devices, at: time, schema: isFirst)
        isFirst = false
        line.withBytes { out.line(String(decoding: $0.dropLast(), as: UTF8.self)) }
    }

    private mutating func text(_ event: TraceEvent, _ devices: [String]) {
        let indent = String(repeating: "  ", count: 1 + event.kind.depth)
        if case .frame(let interface, let isOutbound, let bytes) = event.kind {
            let name = Int(interface) < devices.count ? devices[Int(interface)] : "?"
            out.line(palette.faint("  \(isOutbound ? ">" : "<") \(name)  \(FrameText.summary(bytes))"))
            return
        }
        if case .received = event.kind { return }
        if case .transmitted = event.kind { return }
        guard let line = event.kind.line else { return }
        switch event.kind {
        case .hook: out.line(indent + palette.strong(line))
        case .changed, .nat, .encapsulated, .decapsulated: out.line(indent + palette.changed(line))
        case .ended(.dropped): out.line(indent + palette.bad(line))
        case .ended: out.line(indent + palette.good(line))
        case .miss: out.line(indent + palette.faint(line))
        default: out.line(indent + line)
        }
    }

    mutating func flush() { out.flush() }
}
