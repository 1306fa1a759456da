/// `service.kubernetes.io/topology-mode: Auto`: ready endpoints shared out over the zones in proportion to their CPUs
/// (`endpointslice/topologycache`).
struct TopologyHints: SliceHints {
    /// Each zone's share of all CPUs; nil when a node's zone or CPUs are not known, or there is one zone only.
    private let shares: [String: Double]?
    /// A zone may be loaded a fifth more than its share.
    private static let overload = 0.2

    init(nodes: [Kubernetes.Node]) {
        var cpus: [String: Double] = [:]
        var isKnown = true
        for node in nodes {
            let labels = node.metadata.labels
            if labels["node-role.kubernetes.io/control-plane"] != nil || labels["node-role.kubernetes.io/master"] != nil {
                continue
            }
            let ready = node.status.conditions.first { $0.type == "Ready" }
            guard ready?.status == "True" else { continue }
            guard let zone = node.zone, let amount = node.status.allocatable["cpu"]?.thousandths, amount > 0 else {
                isKnown = false
                continue
            }
            cpus[zone, default: 0] += Double(amount)
        }
        let total = cpus.values.reduce(0, +)
        shares = isKnown && cpus.count > 1 && total > 0 ? cpus.mapValues { $0 / total } : nil
    }

    /// Endpoints wanted in each zone; nil when there are too few for it to work.
    private func wanted(_ count: Int) -> [String: Double]? {
        guard let shares, shares.count <= count else { return nil }
        var left = count
        var result: [String: Double] = [:]
        for (zone, share) in shares {
            let desired = share * Double(count)
            let minimum = (desired / (1 + Self.overload)).rounded(.up)
            left -= Int(minimum)
            result[zone] = max(minimum, desired)
        }
        return left < 0 ? nil : result
    }

    func hinted(_ slices: [Kubernetes.EndpointSlice]) -> [Kubernetes.EndpointSlice] {
        let ready = slices.flatMap(\.endpoints).filter { $0.conditions.ready != false }
        guard let wanted = wanted(ready.count), ready.allSatisfy({ !($0.zone ?? "").isEmpty }) else {
            return DistributionHints(nil).hinted(slices)
        }
        var have: [String: Int] = [:]
        for endpoint in ready { have[endpoint.zone ?? "", default: 0] += 1 }
        var (giving, receiving) = moves(wanted, have)
        return slices.map { slice in
            var slice = slice
            for index in slice.endpoints.indices {
                guard slice.endpoints[index].conditions.ready != false, var zone = slice.endpoints[index].zone else {
                    slice.endpoints[index].hints = nil
                    continue
                }
                if giving[zone, default: 0] > 0, let target = Self.most(receiving.mapValues(Double.init)) {
                    giving[zone, default: 0] -= 1
                    receiving[target.zone, default: 0] -= 1
                    zone = target.zone
                }
                slice.endpoints[index].hints = Kubernetes.EndpointHints()
                slice.endpoints[index].hints?.forZones = [.init(zone)]
            }
            return slice
        }
    }

    /// The zone with most, the first by name of equals; none when all are used up.
    private static func most(_ amounts: [String: Double]) -> (zone: String, amount: Double)? {
        amounts.filter { $0.value > 0 }.min { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }

    /// How many endpoints each zone hands over and gets (`getGivingAndReceivingZones`).
    private func moves(_ wanted: [String: Double], _ have: [String: Int]) -> ([String: Int], [String: Int]) {
        var spare: [String: Double] = [:]
        var lacking: [String: Double] = [:]
        for (zone, desired) in wanted {
            let difference = Double(have[zone] ?? 0) - desired
            if difference > 0 { spare[zone] = difference } else if difference < 0 { lacking[zone] = -difference }
        }
        for (zone, count) in have where wanted[zone] == nil { spare[zone] = Double(count) }
        var giving: [String: Int] = [:]
        var receiving: [String: Int] = [:]
        while let from = Self.most(spare), let to = Self.most(lacking) {
            if from.amount < 1 && to.amount < 1 || from.amount < 0.5 || to.amount < 0.5 { break }
            giving[from.zone, default: 0] += 1
            receiving[to.zone, default: 0] += 1
            spare[from.zone] = from.amount - 1
            lacking[to.zone] = to.amount - 1
        }
        return (giving, receiving)
    }
}
