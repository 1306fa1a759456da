import HawseModel
import HawseWire

/// What kube-proxy does with a real server whose endpoint is gone: weight 0 until its connections have ended
/// (`GracefulTerminationManager`). UDP and SCTP ones go at once.
public enum IPVSGracefulTermination {
    /// The table to program: `desired`, and of `current` the real servers that must still drain.
    ///
    /// `connections` counts a real server's connections, active and inactive.
    public static func merge(
        current: IPVSSpec, desired: IPVSSpec,
        connections: (VirtualService.Key, Destination) -> Int
    ) -> IPVSSpec {
        var result = desired
        var place: [VirtualService.Key: Int] = [:]
        for (index, service) in desired.services.enumerated() { place[service.key] = index }
        for old in current.services {
            guard let index = place[old.key], needsGrace(old.key) else { continue }
            for destination in old.destinations {
                let isWanted = result.services[index].destinations.contains {
                    $0.address == destination.address && $0.port == destination.port
                }
                guard !isWanted, connections(old.key, destination) > 0 else { continue }
                var drained = destination
                drained.weight = 0
                result.services[index].destinations.append(drained)
            }
        }
        return result
    }

    /// Whether a server of this service may have connections that are worth waiting for.
    public static func needsGrace(_ key: VirtualService.Key) -> Bool {
        if case .address(let ipProtocol, _, _) = key { return ipProtocol != .udp && ipProtocol != .sctp }
        return true
    }
}
