import HawseWire

/// The service ports of one address family, and which of them changed since the last look (`ServicePortMap`).
public struct ServiceMap: Sendable {
    public let family: AddressFamily
    public private(set) var ports: [ServicePortName: ServicePort] = [:]
    private var names: [ObjectKey: [ServicePortName]] = [:]

    public init(family: AddressFamily) { self.family = family }

    /// Takes a Service as it is now; returns the names of the ports that came, went or changed.
    public mutating func update(_ service: Kubernetes.Service) -> [ServicePortName] {
        update(service.key, ports: ServicePort.ports(of: service, family: family))
    }

    /// The Service is gone.
    public mutating func remove(_ key: ObjectKey) -> [ServicePortName] { update(key, ports: []) }

    public mutating func update(_ key: ObjectKey, ports new: [ServicePort]) -> [ServicePortName] {
        var changed: [ServicePortName] = []
        let old = names[key] ?? []
        for name in old where !new.contains(where: { $0.name == name }) {
            ports[name] = nil
            changed.append(name)
        }
        for port in new where ports[port.name] != port {
            ports[port.name] = port
            changed.append(port.name)
        }
        names[key] = new.isEmpty ? nil : new.map(\.name)
        return changed
    }

    /// The ports of one Service.
    public func names(of key: ObjectKey) -> [ServicePortName] { names[key] ?? [] }
}
