import HawseModel
import HawseWire

/// Goes through commands for the virtual servers without carrying them out, and finds the one that would fail.
struct IPVSTrial {
    private struct Server: Hashable {
        var address: IPAddress
        var port: UInt16
    }

    private let node: UnsafeMutablePointer<NodeState>
    /// What the commands so far have made of services and destinations; what they have not touched is as it is.
    private var services: [VirtualService.Key: VirtualService?] = [:]
    private var servers: [VirtualService.Key: [Server: Bool]] = [:]
    private var wasFlushed = false

    init(_ node: UnsafeMutablePointer<NodeState>) { self.node = node }

    mutating func take(_ command: IPVSCommand) throws(IPVSCommandError) {
        switch command {
        case .addService(let service):
            guard self.service(service.key) == nil else { throw .serviceExists }
            try node.pointee.ipvs.checkMask(service)
            var bare = service
            bare.destinations = []
            services[service.key] = .some(bare)
            servers[service.key] = [:]
            for destination in service.destinations { try add(destination, service.key) }
        case .editService(let service):
            guard self.service(service.key) != nil else { throw .noSuchService }
            try node.pointee.ipvs.checkMask(service)
            services[service.key] = .some(service)
        case .deleteService(let key):
            guard service(key) != nil else { throw .noSuchService }
            services[key] = .some(nil)
        case .addDestination(let key, let destination):
            guard service(key) != nil else { throw .serviceNotDefined }
            let isMixed = (destination.address.family == .ipv6) != isIPv6(key)
            if isMixed, !node.pointee.ipvs.sync.daemons.isEmpty { throw .mixedFamilies }
            try node.pointee.ipvs.checkAddress(destination, node)
            try add(destination, key)
        case .editDestination(let key, let destination):
            guard service(key) != nil else { throw .serviceNotDefined }
            try node.pointee.ipvs.check(destination, isIPv6: isIPv6(key))
            guard has(destination.address, destination.port, key) else { throw .noSuchDestination }
        case .deleteDestination(let key, let address, let port):
            guard service(key) != nil else { throw .serviceNotDefined }
            guard has(address, port, key) else { throw .noSuchDestination }
            servers[key, default: [:]][Server(address: address, port: port)] = false
        case .flush:
            services = [:]
            servers = [:]
            wasFlushed = true
        case .zero(let key?): guard service(key) != nil else { throw .noSuchService }
        case .zero(nil), .setTimeouts, .startDaemon, .stopDaemon: break
        }
    }

    private mutating func add(_ destination: Destination, _ key: VirtualService.Key) throws(IPVSCommandError) {
        guard let service = service(key) else { throw .noSuchService }
        try node.pointee.ipvs.check(destination, isIPv6: isIPv6(key))
        guard !has(destination.address, destination.port, key) else { throw .destinationExists }
        if service.scheduler == .mh, count(key) >= Int(MaglevHashing.size) { throw .tableSize }
        servers[key, default: [:]][Server(address: destination.address, port: destination.port)] = true
    }

    private func isIPv6(_ key: VirtualService.Key) -> Bool {
        switch key {
        case .address(_, let address, _): address.family == .ipv6
        case .mark(_, let family): family == .ipv6
        }
    }

    private func number(_ key: VirtualService.Key) -> Int32 {
        wasFlushed || services[key] == .some(nil) ? -1 : node.pointee.ipvs.services.find(key)
    }

    private func service(_ key: VirtualService.Key) -> VirtualService? {
        if let known = services[key] { return known }
        let number = number(key)
        return number >= 0 ? node.pointee.ipvs.services[number].pointee.model : nil
    }

    private func has(_ address: IPAddress, _ port: UInt16, _ key: VirtualService.Key) -> Bool {
        if let known = servers[key]?[Server(address: address, port: port)] { return known }
        let number = number(key)
        return number >= 0 && node.pointee.ipvs.findServer(number, address, port) >= 0
    }

    private func count(_ key: VirtualService.Key) -> Int {
        let number = number(key)
        let present = number >= 0 ? node.pointee.ipvs.services[number].pointee.count : 0
        return (servers[key] ?? [:]).values.reduce(present) { $0 + ($1 ? 1 : -1) }
    }
}
