import Hawse

#if canImport(Glibc)
import Glibc
#endif

/// A stream of JSON objects, one a line, its schema in the first.
final class NDJSONFile {
    private var buffer: [UInt8] = []
    private let descriptor: Int32
    private let path: String
    private var failed = false

    init(_ path: String, schema: String) throws {
        self.path = path
        descriptor = path == "-" ? 1 : open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard descriptor >= 0 else { throw Failure.input("\(path): \(String(cString: strerror(errno)))") }
        buffer.reserveCapacity(1 << 20)
        var first = JSONObject()
        first.set("schema", schema)
        line(first.line)
    }

    func line(_ text: String) {
        buffer.append(contentsOf: text.utf8)
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count > 1 << 20 - 4096 { flush() }
    }

    private func flush() {
        buffer.withUnsafeBytes { bytes in
            var rest = bytes
            while rest.count > 0, !failed {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count <= 0 { failed = true } else { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) }
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }

    func close() throws {
        flush()
        if descriptor > 2 { Glibc.close(descriptor) }
        if failed { throw Failure.input("\(path): cannot be written") }
    }
}

extension NDJSONFile {
    /// One decision about one packet.
    func write(_ event: TraceEvent, node: String, devices: [String], at time: Instant) {
        var object = JSONObject()
        object.set("time", time.nanoseconds)
        object.set("node", node)
        object.set("packet", event.cause)
        object.set("generation", event.generation)
        event.kind.describe(&object, devices: devices)
        line(object.line)
    }
}

extension TraceEvent.Kind {
    /// The event's name and its parts.
    func describe(_ object: inout JSONObject, devices: [String]) {
        func set(_ event: String, _ parts: [(String, String)]) {
            object.set("event", event)
            for (key, value) in parts { object.set(key, value) }
        }
        switch self {
        case .received(let interface): set("received", [("interface", interface)])
        case .hook(let hook, let input, let output): set("hook", [("hook", hook.name), ("in", input), ("out", output)])
        case .table(let table, let chain): set("table", [("table", table.rawValue), ("chain", chain)])
        case .rule(let table, let chain, let number, let target):
            set("rule", [("table", table.rawValue), ("chain", chain)])
            object.set("rule", number)
            object.set("target", target)
        case .miss(let table, let chain, let number, let because):
            set("miss", [("table", table.rawValue), ("chain", chain)])
            object.set("rule", number)
            object.set("because", because)
        case .policy(let table, let chain, let verdict):
            set("policy", [("table", table.rawValue), ("chain", chain), ("verdict", verdict)])
        case .conntrack(let state, let tuple): set("conntrack", [("state", state), ("tuple", tuple)])
        case .nat(let kind, let from, let to): set("nat", [("kind", kind), ("from", from), ("to", to)])
        case .changed(let field, let from, let to): set("changed", [("field", field), ("from", from), ("to", to)])
        case .ipvs(let text): set("ipvs", [("what", text)])
        case .route(let text): set("route", [("what", text)])
        case .neighbour(let text): set("neighbour", [("what", text)])
        case .bridge(let text): set("bridge", [("what", text)])
        case .encapsulated(let text): set("encapsulated", [("what", text)])
        case .decapsulated(let text): set("decapsulated", [("what", text)])
        case .answered(let text): set("answered", [("what", text)])
        case .transmitted(let interface): set("transmitted", [("interface", interface)])
        case .frame(let interface, let isOutbound, let bytes):
            set("frame", [("interface", Int(interface) < devices.count ? devices[Int(interface)] : "?"), ("direction", isOutbound ? "out" : "in")])
            object.set("bytes", bytes.count)
        case .ended(let disposition): set("ended", [("outcome", disposition.line)])
        }
    }
}
