import HawseControl
import HawseWire

/// What kube-proxies render, once for all nodes for which it is the same: in iptables mode, where no Service prefers or
/// demands endpoints of its own node or zone and nothing else names a node.
final class RenderedRules {
    private let isSame: Bool
    private var states: [Set<AddressFamily>: ProxyState] = [:]

    init(_ objects: ProxyRenderer.Objects, _ configuration: ProxyConfiguration, _ mode: ProxyMode) {
        isSame =
            mode == .iptables && !configuration.detectLocalMode.lowercased().hasPrefix("node")
            && configuration.nodePortAddresses.isEmpty
            && objects.services.allSatisfy {
                // Source ranges may hold the node's own address, which gets a rule of its own.
                $0.spec.externalTrafficPolicy != "Local" && ($0.spec.internalTrafficPolicy ?? "Cluster") != "Local"
                    && $0.spec.loadBalancerSourceRanges.isEmpty
            }
            && objects.slices.allSatisfy { $0.endpoints.allSatisfy { $0.hints == nil } }
    }

    func state(of node: ProxyNode, _ render: () -> ProxyState) -> ProxyState {
        guard isSame else { return render() }
        var families: Set<AddressFamily> = []
        if node.primaryIPv4 != nil { families.insert(.ipv4) }
        if node.primaryIPv6 != nil { families.insert(.ipv6) }
        if let known = states[families] { return known }
        let state = render()
        states[families] = state
        return state
    }
}
