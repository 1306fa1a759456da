import HawseDataplane
import HawseModel

extension JSONLines {
    /// The line that begins a stream.
    public mutating func append(schema: String) {
        set("{\"schema\":", schema)
        raw("}\n")
    }

    /// One event of a trace as a line of `hawse.trace/1`. `devices`: names by index. `schema`: the line says which schema it is
    /// of, as the first of a stream does.
    public mutating func append(
        _ event: TraceEvent, node: String, devices: [String], at time: Instant, schema: Bool = false
    ) {
        raw("{")
        if schema { raw("\"schema\":\"hawse.trace/1\",") }
        raw("\"time\":")
        number(time.nanoseconds)
        set(",\"node\":", node)
        raw(",\"packet\":")
        number(event.cause)
        raw(",\"generation\":")
        number(UInt64(event.generation))
        describe(event.kind, devices)
        raw("}\n")
    }

    /// The event's name and its parts.
    private mutating func describe(_ kind: TraceEvent.Kind, _ devices: [String]) {
        switch kind {
        case .received(let interface): set(",\"event\":\"received\",\"interface\":", interface)
        case .hook(let hook, let input, let output):
            set(",\"event\":\"hook\",\"hook\":", hook.name)
            set(",\"in\":", input)
            set(",\"out\":", output)
        case .table(let table, let chain): place(",\"event\":\"table\",\"table\":", table, chain)
        case .rule(let table, let chain, let number, let target, let comment):
            place(",\"event\":\"rule\",\"table\":", table, chain)
            raw(",\"rule\":")
            self.number(Int64(number))
            set(",\"target\":", target)
            if !comment.isEmpty { set(",\"comment\":", comment) }
        case .miss(let table, let chain, let number, let because, let rule):
            place(",\"event\":\"miss\",\"table\":", table, chain)
            raw(",\"rule\":")
            self.number(Int64(number))
            set(",\"because\":", because)
            set(",\"conditions\":", rule.conditions)
        case .policy(let table, let chain, let verdict):
            place(",\"event\":\"policy\",\"table\":", table, chain)
            set(",\"verdict\":", verdict)
        case .conntrack(let state, let tuple, let because):
            set(",\"event\":\"conntrack\",\"state\":", state)
            set(",\"tuple\":", tuple)
            if !because.isEmpty { set(",\"because\":", because) }
        case .nat(let kind, let from, let to):
            set(",\"event\":\"nat\",\"kind\":", kind)
            set(",\"from\":", from)
            set(",\"to\":", to)
        case .changed(let field, let from, let to):
            set(",\"event\":\"changed\",\"field\":", field)
            set(",\"from\":", from)
            set(",\"to\":", to)
        case .ipvs(let text): set(",\"event\":\"ipvs\",\"what\":", text)
        case .route(let text): set(",\"event\":\"route\",\"what\":", text)
        case .neighbour(let text): set(",\"event\":\"neighbour\",\"what\":", text)
        case .bridge(let text): set(",\"event\":\"bridge\",\"what\":", text)
        case .encapsulated(let text): set(",\"event\":\"encapsulated\",\"what\":", text)
        case .decapsulated(let text): set(",\"event\":\"decapsulated\",\"what\":", text)
        case .answered(let text): set(",\"event\":\"answered\",\"what\":", text)
        case .transmitted(let interface): set(",\"event\":\"transmitted\",\"interface\":", interface)
        case .frame(let interface, let isOutbound, let bytes):
            set(",\"event\":\"frame\",\"interface\":", Int(interface) < devices.count ? devices[Int(interface)] : "?")
            set(",\"direction\":", isOutbound ? "out" : "in")
            raw(",\"bytes\":")
            number(Int64(bytes.count))
        case .ended(let disposition): set(",\"event\":\"ended\",\"outcome\":", disposition.line)
        }
    }

    @inline(__always)
    private mutating func place(_ key: StaticString, _ table: TableName, _ chain: String) {
        set(key, table.rawValue)
        set(",\"chain\":", chain)
    }
}
