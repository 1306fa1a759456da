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

    /// What a zone has to have at least and at most, and what it should have.
    private struct Allocation {
        var minimum: Int
        var maximum = 0
        var desired: Double
    }

    /// Endpoints wanted in each zone; nil when there are too few for it to work (`getAllocations`).
    private func allocations(_ count: Int) -> [String: Allocation]? {
        guard let shares, shares.count <= count else { return nil }
        var result: [String: Allocation] = [:]
        var total = 0
        for (zone, share) in shares {
            let desired = share * Double(count)
            let minimum = Int((desired * (1 / (1 + Self.overload))).rounded(.up))
            total += minimum
            result[zone] = Allocation(minimum: minimum, desired: max(desired, Double(minimum)))
        }
        if total > count { return nil }
        return result.mapValues { Allocation(minimum: $0.minimum, maximum: $0.minimum + count - total, desired: $0.desired) }
    }

    func write(into slices: inout HintedSlices) {
        let all = (slices.create + slices.update + slices.unchanged).flatMap(\.endpoints)
        guard let allocations = allocations(all.filter(Self.isReady).count) else { return slices.clear() }
        var have = Self.retain(&slices, allocations)
        let open = (slices.create + slices.update).flatMap(\.endpoints).filter(Self.isReady)
        guard open.allSatisfy({ !($0.zone ?? "").isEmpty }) else { return slices.clear() }
        for endpoint in open { have[endpoint.zone ?? "", default: 0] += 1 }
        if have.isEmpty { return slices.clear() }
        var (giving, receiving) = moves(allocations, have)
        for index in slices.create.indices { Self.share(&slices.create[index], &giving, &receiving) }
        for index in slices.update.indices { Self.share(&slices.update[index], &giving, &receiving) }
    }

    private static func isReady(_ endpoint: Kubernetes.Endpoint) -> Bool { endpoint.conditions.ready == true }

    /// Slices nobody has to touch keep their hints, unless these are missing or leave another zone too little
    /// (`getAllocatedHintsByZone`). What they have for each zone.
    private static func retain(
        _ slices: inout HintedSlices, _ allocations: [String: Allocation]
    ) -> [String: Int] {
        var have: [String: Int] = [:]
        var kept: [Kubernetes.EndpointSlice] = []
        for slice in slices.unchanged {
            var counts: [String: Int] = [:]
            var isGood = true
            for endpoint in slice.endpoints where isReady(endpoint) {
                let zones = endpoint.hints?.forZones ?? []
                if zones.isEmpty || zones.contains(where: { allocations[$0.name] == nil }) { isGood = false }
                for zone in zones { counts[zone.name, default: 0] += 1 }
            }
            if counts.contains(where: { $0.value + have[$0.key, default: 0] > allocations[$0.key]?.maximum ?? 0 }) { isGood = false }
            if isGood {
                kept.append(slice)
                have.merge(counts, uniquingKeysWith: +)
            } else {
                slices.update.append(slice)
            }
        }
        slices.unchanged = kept
        return have
    }

    /// Every ready endpoint for its own zone, but for those that a zone hands over.
    private static func share(
        _ slice: inout Kubernetes.EndpointSlice, _ giving: inout [String: Int], _ receiving: inout [String: Int]
    ) {
        for index in slice.endpoints.indices {
            guard isReady(slice.endpoints[index]), var zone = slice.endpoints[index].zone else { continue }
            if giving[zone, default: 0] > 0, let target = most(receiving.mapValues(Double.init)) {
                giving[zone, default: 0] -= 1
                receiving[target.zone, default: 0] -= 1
                zone = target.zone
            }
            slice.endpoints[index].hints = Kubernetes.EndpointHints()
            slice.endpoints[index].hints?.forZones = [.init(zone)]
        }
    }

    /// The zone with most, the first by name of equals; none when all are used up.
    private static func most(_ amounts: [String: Double]) -> (zone: String, amount: Double)? {
        amounts.filter { $0.value > 0 }.min { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }

    /// How many endpoints each zone hands over and gets (`getGivingAndReceivingZones`).
    private func moves(
        _ allocations: [String: Allocation], _ have: [String: Int]
    ) -> ([String: Int], [String: Int]) {
        var spare: [String: Double] = [:]
        var lacking: [String: Double] = [:]
        for (zone, allocation) in allocations {
            let difference = Double(have[zone] ?? 0) - allocation.desired
            if difference > 0 { spare[zone] = difference } else if difference < 0 { lacking[zone] = -difference }
        }
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
