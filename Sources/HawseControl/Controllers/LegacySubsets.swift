/// Addresses with equal sets of ports share a subset (`endpoints.RepackSubsets`).
struct LegacySubsets {
    static let overCapacity = "endpoints.kubernetes.io/over-capacity"
    /// Endpoints objects stop here.
    static let maximum = 1000

    private struct Entry {
        var address: Kubernetes.EndpointAddress
        var isReady: Bool
        var ports: [Kubernetes.LegacyEndpointPort]
    }

    private var order: [String] = []
    private var entries: [String: Entry] = [:]

    mutating func add(_ address: Kubernetes.EndpointAddress, port: Kubernetes.LegacyEndpointPort?, isReady: Bool) {
        let identity = "\(address.ip) \(address.targetRef?.uid ?? "")"
        if entries[identity] == nil {
            order.append(identity)
            entries[identity] = Entry(address: address, isReady: isReady, ports: [])
        }
        guard let port, entries[identity]?.ports.contains(port) == false else { return }
        entries[identity]?.ports.append(port)
    }

    func packed() -> (subsets: [Kubernetes.EndpointSubset], isTruncated: Bool) {
        let sorted = order.compactMap { entries[$0] }.sorted { Self.precedes($0.address, $1.address) }
        // Every port with the addresses that have it; ports with the same addresses are one subset.
        var members: [Kubernetes.LegacyEndpointPort?: [Int]] = [:]
        for (index, entry) in sorted.enumerated() {
            if entry.ports.isEmpty { members[nil, default: []].append(index) }
            for port in entry.ports { members[port, default: []].append(index) }
        }
        var grouped: [[Int]: [Kubernetes.LegacyEndpointPort]] = [:]
        for (port, indices) in members { grouped[indices, default: []] += port.map { [$0] } ?? [] }
        var subsets = grouped.map { indices, ports -> Kubernetes.EndpointSubset in
            var subset = Kubernetes.EndpointSubset()
            subset.ports = SpewText.byHash(ports) { SpewText.port($0, typed: true) }
            let chosen = indices.map { sorted[$0] }
            subset.addresses = chosen.filter(\.isReady).map(\.address)
            subset.notReadyAddresses = chosen.filter { !$0.isReady }.map(\.address)
            return subset
        }
        subsets = SpewText.byHash(subsets, SpewText.subset)
        let isTruncated = Self.truncate(&subsets)
        return (subsets, isTruncated)
    }

    private static func precedes(_ a: Kubernetes.EndpointAddress, _ b: Kubernetes.EndpointAddress) -> Bool {
        a.ip == b.ip
            ? (a.targetRef?.uid ?? "") < (b.targetRef?.uid ?? "") : a.ip.utf8.lexicographicallyPrecedes(b.ip.utf8)
    }

    /// Above the maximum each subset keeps its share, rounded up, of the ready addresses, or, when those fit, of the
    /// others (`truncateEndpoints`). An address counts in each subset that has it.
    static func truncate(_ subsets: inout [Kubernetes.EndpointSubset]) -> Bool {
        let ready = subsets.reduce(0) { $0 + $1.addresses.count }
        let others = subsets.reduce(0) { $0 + $1.notReadyAddresses.count }
        guard ready + others > maximum else { return false }
        let cutsReady = ready > maximum
        let most = cutsReady ? maximum : maximum - ready
        var room = most
        for index in subsets.indices {
            let here = cutsReady ? subsets[index].addresses.count : subsets[index].notReadyAddresses.count
            let share = (Double(here) / Double(cutsReady ? ready : others) * Double(most)).rounded(.up)
            let kept = min(Int(share), room, here)
            if cutsReady {
                subsets[index].addresses.removeLast(here - kept)
                subsets[index].notReadyAddresses = []
            } else {
                subsets[index].notReadyAddresses.removeLast(here - kept)
            }
            room -= kept
        }
        return true
    }
}

/// Objects as the spew package prints them under `%#v`, which is what Kubernetes hashes.
enum SpewText {
    /// FNV-1a of 128 bits.
    static func hash(_ text: String) -> UInt128 {
        text.utf8.reduce(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d) {
            ($0 ^ UInt128($1)) &* 0x0000_0000_0100_0000_0000_0000_0000_013b
        }
    }

    static func byHash<T>(_ items: [T], _ text: (T) -> String) -> [T] {
        if items.count < 2 { return items }
        return items.map { (hash(text($0)), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// The order of a slice's ports (`portsInOrder`).
    static func ordered(_ ports: [Kubernetes.EndpointPort]) -> [Kubernetes.EndpointPort] {
        byHash(ports) { port in
            "(v1.EndpointPort){Name:(*string)\(port.name ?? "<nil>") Protocol:(*v1.Protocol)\(port.protocol?.rawValue ?? "<nil>") "
                + "Port:(*int32)\(port.port.map { "\($0)" } ?? "<nil>") AppProtocol:(*string)\(port.appProtocol ?? "<nil>")}"
        }
    }

    /// Inside a list an element goes without its type.
    static func port(_ port: Kubernetes.LegacyEndpointPort, typed: Bool) -> String {
        "\(typed ? "(v1.EndpointPort)" : ""){Name:(string)\(port.name) Port:(int32)\(port.port) "
            + "Protocol:(v1.Protocol)\(port.protocol.rawValue) AppProtocol:(*string)\(port.appProtocol ?? "<nil>")}"
    }

    static func subset(_ subset: Kubernetes.EndpointSubset) -> String {
        "(v1.EndpointSubset){Addresses:\(list("EndpointAddress", subset.addresses.map(address))) "
            + "NotReadyAddresses:\(list("EndpointAddress", subset.notReadyAddresses.map(address))) "
            + "Ports:\(list("EndpointPort", subset.ports.map { port($0, typed: false) }))}"
    }

    private static func list(_ type: String, _ items: [String]) -> String {
        "([]v1.\(type))" + (items.isEmpty ? "<nil>" : "[\(items.joined(separator: " "))]")
    }

    private static func address(_ address: Kubernetes.EndpointAddress) -> String {
        let target = address.targetRef.map {
            "{Kind:(string)\($0.kind) Namespace:(string)\($0.namespace) Name:(string)\($0.name) "
                + "UID:(types.UID)\($0.uid) APIVersion:(string)\($0.apiVersion) "
                + "ResourceVersion:(string)\($0.resourceVersion) FieldPath:(string)\($0.fieldPath)}"
        }
        return "{IP:(string)\(address.ip) Hostname:(string)\(address.hostname) "
            + "NodeName:(*string)\(address.nodeName ?? "<nil>") TargetRef:(*v1.ObjectReference)\(target ?? "<nil>")}"
    }
}
