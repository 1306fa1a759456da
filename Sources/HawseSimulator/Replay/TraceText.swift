import HawseDataplane
import HawseFormats
import HawseModel
import HawseWire

extension TraceEvent.Kind {
    /// One line for people; `nil` for events that are only there for machines.
    public var line: String? {
        switch self {
        case .received(let interface): "in \(interface)"
        case .hook(let hook, let input, let output):
            hook.name + (input.isEmpty || input == "?" ? "" : " -i \(input)") + (output.isEmpty || output == "?" ? "" : " -o \(output)")
        case .table(let table, let chain): "table \(table.rawValue), chain \(chain)"
        case .rule(let table, let chain, let number, let target, let comment):
            "\(table.rawValue) \(chain) rule \(number): \(target.isEmpty ? "no target" : target)"
                + (comment.isEmpty ? "" : " (\(comment))")
        case .miss(let table, let chain, let number, let because, let rule):
            "\(table.rawValue) \(chain) rule \(number) does not match: \(because)  [\(rule.conditions)]"
        case .policy(let table, let chain, let verdict): "\(table.rawValue) \(chain) policy \(verdict)"
        case .conntrack(let state, let tuple, let because):
            "conntrack \(state)" + (tuple.isEmpty ? "" : " \(tuple)") + (because.isEmpty ? "" : ": \(because)")
        case .nat(let kind, let from, let to): "\(kind) \(from) -> \(to)"
        case .ipvs(let text): "ipvs \(text)"
        case .route(let text): "route \(text)"
        case .neighbour(let text): "neighbour \(text)"
        case .bridge(let text): "bridge \(text)"
        case .encapsulated(let text): "encapsulated \(text)"
        case .decapsulated(let text): "decapsulated \(text)"
        case .changed(let field, let from, let to): "\(field) \(from) -> \(to)"
        case .answered(let text): "answered \(text)"
        case .transmitted(let interface): "out \(interface)"
        case .frame: nil
        case .ended(let disposition): disposition.line
        }
    }

    /// How deep the line stands below the packet: hooks, then tables, then rules.
    public var depth: Int {
        switch self {
        case .received, .hook, .route, .transmitted, .ended, .encapsulated, .decapsulated, .bridge, .neighbour, .answered: 0
        case .table, .conntrack, .nat, .ipvs: 1
        case .rule, .miss, .policy, .changed, .frame: 2
        }
    }
}

extension Rule {
    /// What it asks of a packet, as iptables-save has it.
    var conditions: String {
        var asked = self
        asked.target = nil
        return asked.text(family: isForIPv6 ? .ipv6 : .ipv4)
    }

    private var isForIPv6: Bool { [source, destination].contains { $0?.address.family == .ipv6 } }
}

extension Disposition {
    public var line: String {
        switch self {
        case .pending: "held"
        case .transmitted: "transmitted"
        case .delivered: "delivered"
        case .consumed: "consumed"
        case .dropped(let reason): "dropped: \(reason.rawValue)"
        }
    }
}
