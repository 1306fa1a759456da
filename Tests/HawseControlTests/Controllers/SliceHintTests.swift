@testable import HawseControl
import OrderedCollections
import Testing

/// Hints of topology mode Auto and of traffic distribution (`topologycache.AddHints`, `trafficdist.ReconcileHints`).
@Suite struct SliceHintTests {
    private static func node(_ name: String, _ zone: String?, cpu: String?, ready: Bool = true) -> Kubernetes.Node {
        var node = Kubernetes.Node()
        node.metadata.name = name
        node.metadata.labels["topology.kubernetes.io/zone"] = zone
        if let cpu { node.status.allocatable["cpu"] = Kubernetes.Quantity(cpu) }
        var condition = Kubernetes.Condition()
        condition.type = "Ready"
        condition.status = ready ? "True" : "False"
        node.status.conditions = [condition]
        return node
    }

    /// One endpoint a letter: its zone in lower case, not ready where upper case, without a zone for `-`.
    private static func slice(_ zones: String, hints: String = "") -> Kubernetes.EndpointSlice {
        var slice = Kubernetes.EndpointSlice()
        slice.addressType = "IPv4"
        slice.endpoints = zones.enumerated().map { index, zone in
            var endpoint = Kubernetes.Endpoint()
            endpoint.addresses = ["10.0.0.\(index)"]
            endpoint.conditions.ready = !zone.isUppercase
            endpoint.zone = zone == "-" ? nil : zone.lowercased()
            endpoint.nodeName = "n"
            return endpoint
        }
        for (index, hint) in hints.enumerated() where hint != "-" {
            slice.endpoints[index].hints = Kubernetes.EndpointHints()
            slice.endpoints[index].hints?.forZones = [.init(String(hint))]
        }
        return slice
    }

    private static func hints(_ slice: Kubernetes.EndpointSlice) -> String {
        slice.endpoints.map { $0.hints?.forZones.map(\.name).joined() ?? "-" }.joined()
    }

    private static let equal = [node("1", "a", cpu: "4"), node("2", "b", cpu: "4")]

    @Test(arguments: [
        // zones of the endpoints to be made; hints they get
        ("aabb", "aabb", equal), ("aaab", "baab", equal), ("aaaa", "bbaa", equal),
        // Fewer endpoints than zones, or zones that would have to do with too little.
        ("a", "-", equal), ("aA", "--", equal),
        ("aab", "---", [node("1", "a", cpu: "2"), node("2", "b", cpu: "2"), node("3", "c", cpu: "2"), node("4", "d", cpu: "2")]),
        // One zone only, a node without CPUs, without a zone; nodes that do not count.
        ("aabb", "----", [node("1", "a", cpu: "4"), node("2", "a", cpu: "4")]),
        ("aabb", "----", [node("1", "a", cpu: "4"), node("2", "b", cpu: nil)]),
        ("aabb", "----", [node("1", "a", cpu: "4"), node("2", nil, cpu: "4")]),
        ("aabb", "----", [node("1", "a", cpu: "4"), node("2", "b", cpu: "4", ready: false)]),
        // An endpoint whose zone nobody knows.
        ("ab-", "---", equal),
        // A zone without nodes keeps its endpoints for itself.
        ("aabc", "aabc", equal),
        // Endpoints that are not ready count for nothing.
        ("aabbA", "aabb-", equal),
        // In proportion to CPUs: three quarters and one quarter.
        ("aabb", "aaab", [node("1", "a", cpu: "6"), node("2", "b", cpu: "2")]),
    ] as [(String, String, [Kubernetes.Node])])
    func allocations(zones: String, wanted: String, nodes: [Kubernetes.Node]) {
        var slices = HintedSlices(unchanged: [], update: [], create: [Self.slice(zones)])
        TopologyHints(nodes: nodes).write(into: &slices)
        let found = Self.hints(slices.create[0])
        // Which of a zone's endpoints are handed over is nobody's promise: how many are.
        #expect(found.sorted() == wanted.sorted(), "\(found)")
    }

    /// Slices nobody touches keep what they have as long as the other zones can have their share.
    @Test func untouchedSlicesKeepTheirHints() {
        var slices = HintedSlices(unchanged: [Self.slice("ab", hints: "ba")], update: [], create: [Self.slice("ab")])
        TopologyHints(nodes: Self.equal).write(into: &slices)
        #expect(slices.unchanged.map(Self.hints) == ["ba"])
        #expect(slices.create.map(Self.hints) == ["ab"])
        // All of one zone is more than that zone may have.
        slices = HintedSlices(unchanged: [Self.slice("aabb", hints: "aaaa")], update: [], create: [])
        TopologyHints(nodes: Self.equal).write(into: &slices)
        #expect(slices.unchanged.isEmpty)
        #expect(slices.update.map(Self.hints) == ["aabb"])
        // One without a hint has to be written again.
        slices = HintedSlices(unchanged: [Self.slice("ab", hints: "a-")], update: [], create: [])
        TopologyHints(nodes: Self.equal).write(into: &slices)
        #expect(slices.update.map(Self.hints) == ["ab"])
    }

    @Test func distribution() {
        var slices = HintedSlices(
            unchanged: [Self.slice("ab", hints: "ab"), Self.slice("ab", hints: "aa")], update: [Self.slice("aB-")],
            create: [Self.slice("c")])
        DistributionHints("PreferClose").write(into: &slices)
        #expect(slices.unchanged.map(Self.hints) == ["ab"])
        #expect(slices.update.map(Self.hints) == ["a--", "ab"])
        #expect(slices.create.map(Self.hints) == ["c"])
        DistributionHints("PreferSameNode").write(into: &slices)
        #expect(slices.unchanged.isEmpty)
        #expect(slices.create[0].endpoints[0].hints?.forNodes.map(\.name) == ["n"])
        #expect(slices.update[0].endpoints[2].hints?.forZones.isEmpty == true)
        DistributionHints(nil).write(into: &slices)
        #expect((slices.unchanged + slices.update + slices.create).map(Self.hints).joined().allSatisfy { $0 == "-" })
    }

    // MARK: Slices

    private static func named(_ name: String, uid: String, ready: Bool = true) -> Kubernetes.Endpoint {
        var endpoint = Kubernetes.Endpoint()
        endpoint.addresses = ["10.0.0.1"]
        endpoint.conditions.ready = ready
        endpoint.targetRef = Kubernetes.ObjectReference(kind: "Pod", namespace: "d", name: name, uid: uid)
        return endpoint
    }

    /// A pod that came again under its name and address is the same endpoint.
    @Test func endpointsAreKnownByAddressAndName() {
        var slice = Kubernetes.EndpointSlice()
        slice.metadata.name = "s"
        slice.addressType = "IPv4"
        slice.endpoints = [Self.named("db-0", uid: "1")]
        var plan = SlicePlan(limit: 100)
        plan.reconcile([slice], [[]: [Self.named("db-0", uid: "2")]], addressType: "IPv4")
        #expect(plan.update.map(\.metadata.name) == ["s"])
        #expect(plan.update.first?.endpoints.first?.targetRef?.uid == "2")
        #expect(plan.create.isEmpty && plan.delete.isEmpty && plan.unchanged.isEmpty)
    }

    /// A slice that is written for its labels takes in new endpoints before others do.
    @Test func labelsMakeASliceWritten() {
        var old = Self.slice("ab")
        old.metadata.name = "old"
        old.metadata.labels = ["app": "a", "kubernetes.io/service-name": "s"]
        var new = Self.slice("")
        new.endpoints = [Self.named("x", uid: "1")]
        new.metadata.name = "new"
        new.metadata.labels = ["app": "b", "kubernetes.io/service-name": "s"]
        var third = Self.named("third", uid: "3")
        third.addresses = ["10.0.0.9"]
        var plan = SlicePlan(limit: 3, labels: ["app": "b"])
        plan.reconcile([old, new], [[]: old.endpoints + new.endpoints + [third]], addressType: "IPv4")
        #expect(plan.unchanged.map(\.metadata.name) == ["new"])
        #expect(plan.update.map(\.metadata.name) == ["old"])
        #expect(plan.update.first?.endpoints.count == 3)
    }
}
