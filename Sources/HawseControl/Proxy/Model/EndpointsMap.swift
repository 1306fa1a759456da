import HawseWire

/// The endpoints of every service port as one node sees them (`EndpointsMap` over an `EndpointSliceCache`).
public struct EndpointsMap: Sendable {
    public let family: AddressFamily
    /// The node that counts as local.
    public let node: String
    public private(set) var endpoints: [ServicePortName: [ProxyEndpoint]] = [:]
    private var slices: [ObjectKey: [EndpointSliceInfo]] = [:]
    private var names: [ObjectKey: [ServicePortName]] = [:]

    public init(family: AddressFamily, node: String) {
        self.family = family
        self.node = node
    }

    public subscript(name: ServicePortName) -> [ProxyEndpoint] { endpoints[name] ?? [] }

    /// Takes a slice as it is now; returns the names of the service ports whose endpoints changed.
    public mutating func update(_ slice: EndpointSliceInfo) -> [ServicePortName] {
        guard slice.family == family else { return [] }
        var list = slices[slice.service] ?? []
        if let index = list.firstIndex(where: { $0.name == slice.name }) {
            if list[index] == slice { return [] }
            list[index] = slice
        } else {
            list.insert(slice, at: list.firstIndex { slice.name < $0.name } ?? list.count)
        }
        slices[slice.service] = list
        return rebuild(slice.service)
    }

    /// The slice is gone.
    public mutating func remove(service: ObjectKey, slice name: String) -> [ServicePortName] {
        guard var list = slices[service], let index = list.firstIndex(where: { $0.name == name }) else { return [] }
        list.remove(at: index)
        slices[service] = list.isEmpty ? nil : list
        return rebuild(service)
    }

    /// Makes the endpoint lists of one Service anew out of its slices.
    private mutating func rebuild(_ service: ObjectKey) -> [ServicePortName] {
        var order: [ServicePortName] = []
        var lists: [[ProxyEndpoint]] = []
        for slice in slices[service] ?? [] {
            for port in slice.ports {
                let name = ServicePortName(
                    namespace: service.namespace, service: service.name, port: port.name,
                    ipProtocol: port.ipProtocol)
                let at: Int
                if let known = order.firstIndex(of: name) {
                    at = known
                } else {
                    at = order.count
                    order.append(name)
                    lists.append([])
                    lists[at].reserveCapacity(slice.entries.count)
                }
                for entry in slice.entries { lists[at].append(endpoint(entry, port: port.number)) }
            }
        }
        var changed: [ServicePortName] = []
        for name in names[service] ?? [] where !order.contains(name) {
            endpoints[name] = nil
            changed.append(name)
        }
        for (at, name) in order.enumerated() {
            Self.sortAndMerge(&lists[at])
            if endpoints[name] != lists[at] {
                endpoints[name] = lists[at]
                changed.append(name)
            }
        }
        names[service] = order.isEmpty ? nil : order
        return changed
    }

    private func endpoint(_ entry: EndpointSliceInfo.Entry, port: UInt16) -> ProxyEndpoint {
        ProxyEndpoint(
            address: entry.address, port: port, isLocal: entry.node == node, isReady: entry.isReady,
            isServing: entry.isServing, isTerminating: entry.isTerminating, zoneHints: entry.zoneHints,
            nodeHints: entry.nodeHints)
    }

    /// Sorts by text. The same address and port out of two slices is one endpoint: an endpoint moved from slice
    /// to slice stands in both for a moment, and the copy that is not terminating is the one that lives.
    private static func sortAndMerge(_ list: inout [ProxyEndpoint]) {
        list.sort(by: ProxyEndpoint.precedes)
        guard list.count > 1 else { return }
        var kept = 0
        for index in 1..<list.count {
            if list[index].text == list[kept].text {
                if list[kept].isTerminating && !list[index].isTerminating { list[kept] = list[index] }
            } else {
                kept += 1
                if kept != index { list[kept] = list[index] }
            }
        }
        list.removeLast(list.count - kept - 1)
    }
}
