import HawseControl
import HawseModel
import HawseWire

/// Answers a packet-flow table out of the rules that a proxy writes for each of its states.
public enum PacketFlows {
    /// One row of the answer; `id` is `case#index`.
    public struct Row: Hashable, Sendable {
        public var id: String
        public var outcome: FlowOutcome
        /// What the table promises, where it does.
        public var expected: FlowOutcome?

        public init(id: String, outcome: FlowOutcome, expected: FlowOutcome? = nil) {
            self.id = id
            self.outcome = outcome
            self.expected = expected
        }

        public var holds: Bool { expected == nil || expected == outcome }

        /// The row as one line of NDJSON; the first of a stream names its schema.
        public func json(schema: String? = nil) -> String {
            let to = outcome.to.map { "\"\($0)\"" }.joined(separator: ",")
            let id = id.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined()
            let head = schema.map { "\"schema\":\"\($0)\"," } ?? ""
            return "{\(head)\"id\":\"\(id)\",\"verdict\":\"\(outcome.verdict.rawValue)\",\"to\":[\(to)],"
                + "\"masquerade\":\(outcome.masquerade)}"
        }
    }

    public static func rows(of table: PacketFlowTable) throws -> [Row] {
        var rows: [Row] = []
        for item in table.cases {
            let answer = try evaluator(for: item)
            for (index, packet) in item.packets.enumerated() {
                rows.append(
                    Row(id: "\(item.id)#\(index)", outcome: try answer(packet), expected: item.expected[index]))
            }
        }
        return rows
    }

    private static func evaluator(for item: PacketFlowTable.Case) throws -> (FlowPacket) throws -> FlowOutcome {
        let settings = item.settings
        var services = ServiceMap(family: settings.family)
        var endpoints = EndpointsMap(family: settings.family, node: settings.node.name)
        var names: [ServicePortName] = []
        for service in item.services { names += services.update(service) }
        for slice in item.slices { if let info = EndpointSliceInfo(slice) { names += endpoints.update(info) } }
        let changed = Array(Set(names))
        let local = Set(settings.node.localAddresses)
        switch item.mode {
        case .iptables:
            var renderer = IPTablesRenderer(settings: settings)
            _ = renderer.sync(changed, services: services, endpoints: endpoints)
            let walk = FlowRuleWalk(rules: renderer.ruleSet(), localAddresses: local, mark: settings.mark)
            return { try walk.outcome($0) }
        case .nftables:
            var renderer = NFTRenderer(settings: settings)
            _ = renderer.sync(changed, services: services, endpoints: endpoints)
            let walk = FlowTableWalk(table: renderer.table(), localAddresses: local, mark: settings.mark)
            return { walk.outcome($0) }
        case .ipvs, .userspace:
            throw FlowRuleWalk.Unsupported(what: "the mode \(item.mode.rawValue) of case \(item.id)")
        }
    }
}
