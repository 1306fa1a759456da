@testable import HawseControl
import OrderedCollections
import Testing

/// How a Service's endpoints are shared out over slices (`reconcileByPortMapping`).
@Suite struct SlicePlanTests {
    private static func endpoints(_ range: Range<Int>) -> [Kubernetes.Endpoint] {
        range.map { number in
            var endpoint = Kubernetes.Endpoint()
            endpoint.addresses = ["10.244.\(number / 250).\(number % 250 + 2)"]
            return endpoint
        }
    }

    private static func slice(_ name: String, _ range: Range<Int>) -> Kubernetes.EndpointSlice {
        var slice = Kubernetes.EndpointSlice()
        slice.metadata.name = name
        slice.addressType = "IPv4"
        slice.endpoints = endpoints(range)
        return slice
    }

    @Test(arguments: [
        // what there is; what is wanted; sizes of what is kept, made and deleted
        ([], [0..<250], [], [50, 100, 100], 0),
        // Untouched slices are used only when everything that is left fits into one, the fullest that has room.
        ([0..<62, 62..<124], [0..<250], [62, 88], [100], 0),
        ([0..<90, 90..<140], [0..<150], [50, 100], [], 0),
        ([0..<99, 99..<198], [0..<208], [99, 99], [10], 0),
        ([0..<80], [0..<100], [100], [], 0),
        // A slice that is written anyway takes in what it can.
        ([0..<100], [50..<160], [100], [10], 0),
        // Slices are not merged, only emptied ones go.
        ([0..<100, 100..<200], [99..<101], [1, 1], [], 0),
        ([0..<100, 100..<200], [100..<150], [50], [], 1),
    ] as [([Range<Int>], [Range<Int>], [Int], [Int], Int)])
    func sizes(existing: [Range<Int>], wanted: [Range<Int>], kept: [Int], made: [Int], deleted: Int) {
        var plan = SlicePlan(limit: 100)
        let slices = existing.enumerated().map { Self.slice("s\($0.offset)", $0.element) }
        let desired: OrderedDictionary<[Kubernetes.EndpointPort], [Kubernetes.Endpoint]> = [[]: wanted.flatMap(Self.endpoints)]
        plan.reconcile(slices, desired, addressType: "IPv4")
        #expect(plan.keep.map(\.endpoints.count).sorted() == kept)
        #expect(plan.create.map(\.endpoints.count).sorted() == made)
        #expect(plan.delete.count == deleted)
        let all = (plan.keep + plan.create).flatMap(\.endpoints).map { $0.addresses[0] }
        #expect(Set(all).count == all.count)
        #expect(Set(all) == Set(wanted.flatMap(Self.endpoints).map { $0.addresses[0] }))
    }

    /// One that would go lends its name to one that would come.
    @Test func anEmptiedSliceIsUsedAgain() {
        var plan = SlicePlan(limit: 100)
        plan.reconcile([Self.slice("old", 0..<100)], [[]: Self.endpoints(200..<260)], addressType: "IPv4")
        plan.reuseDeleted()
        #expect(plan.keep.map(\.metadata.name) == ["old"])
        #expect(plan.keep.first?.endpoints.count == 60)
        #expect(plan.create.isEmpty && plan.delete.isEmpty)
    }
}
