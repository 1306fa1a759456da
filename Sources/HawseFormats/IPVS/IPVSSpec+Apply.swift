import HawseModel
import HawseWire

/// Why a command on the virtual servers cannot be carried out, in ipvsadm's words.
public enum IPVSEditError: Error, Hashable, Sendable, CustomStringConvertible {
    case serviceExists, noSuchService, serviceNotDefined, destinationExists, noSuchDestination
    case notUnicast, daemonRunning, daemonNotRunning

    public var description: String {
        switch self {
        case .serviceExists: "Service already exists"
        case .noSuchService: "No such service"
        case .serviceNotDefined: "Service not defined"
        case .notUnicast: "Invalid operation.  Possibly wrong module version, address not unicast, ..."
        case .daemonRunning: "Daemon has already run"
        case .daemonNotRunning: "No daemon is running"
        case .destinationExists: "Destination already exists"
        case .noSuchDestination: "No such destination"
        }
    }
}

extension IPVSSpec {
    /// Carries one command out; on an error nothing is changed. Zeroing and daemons change no configuration.
    public mutating func apply(_ command: IPVSCommand) throws(IPVSEditError) {
        switch command {
        case .addService(let service):
            guard !services.contains(where: { $0.key == service.key }) else { throw .serviceExists }
            services.append(service)
        case .editService(let service):
            let i = try index(service.key)
            let destinations = services[i].destinations
            services[i] = service
            services[i].destinations = destinations
        case .deleteService(let key): services.remove(at: try index(key))
        case .addDestination(let key, let destination):
            let i = try index(key, else: .serviceNotDefined)
            guard !services[i].destinations.contains(where: { $0.isSame(destination) }) else {
                throw .destinationExists
            }
            guard destination.isHost else { throw .notUnicast }
            services[i].destinations.append(destination)
        case .editDestination(let key, let destination):
            let i = try index(key, else: .serviceNotDefined)
            guard let j = services[i].destinations.firstIndex(where: { $0.isSame(destination) }) else {
                throw .noSuchDestination
            }
            services[i].destinations[j] = destination
        case .deleteDestination(let key, let address, let port):
            let i = try index(key, else: .serviceNotDefined)
            guard
                let j = services[i].destinations.firstIndex(where: {
                    $0.address == address && $0.port == port
                })
            else {
                throw .noSuchDestination
            }
            services[i].destinations.remove(at: j)
        case .flush: services = []
        case .zero(let key): if let key { _ = try index(key) }
        case .setTimeouts(let new):
            var kept = timeouts ?? Timeouts(tcp: 0, tcpFin: 0, udp: 0)
            if new.tcp != 0 { kept.tcp = new.tcp }
            if new.tcpFin != 0 { kept.tcpFin = new.tcpFin }
            if new.udp != 0 { kept.udp = new.udp }
            timeouts = kept
        case .startDaemon, .stopDaemon: break
        }
    }

    /// ipvsadm has one text for commands on services, and one for commands on their servers.
    private func index(
        _ key: VirtualService.Key, else error: IPVSEditError = .noSuchService
    ) throws(IPVSEditError) -> Int {
        guard let i = services.firstIndex(where: { $0.key == key }) else { throw error }
        return i
    }
}

extension Destination {
    /// Address and port name a destination within its service.
    func isSame(_ other: Destination) -> Bool { address == other.address && port == other.port }

    /// Whether a new server may have its address as far as the address alone tells (`ip_vs_new_dest`): on a node that has a
    /// link-local one for itself, that is possible too.
    var isHost: Bool {
        if address.family == .ipv4 {
            let word = address.bits.ipv4
            return word >> 24 != 0 && word >> 28 != 14 && word != 0xffff_ffff
        }
        return !address.isMulticast && !address.isUnspecified
    }
}
