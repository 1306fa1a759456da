import HawseModel
import HawseWire

/// Why a change of the virtual servers was refused; the text is what `ipvsadm` prints for the kernel's errno.
public enum IPVSCommandError: Error, Hashable, CustomStringConvertible {
    case serviceExists, noSuchService, serviceNotDefined, destinationExists, noSuchDestination
    case weightRange, thresholdRange, tunnelPort, family, persistenceMask, tableSize, daemonRunning, daemonNotRunning
    case mixedFamilies, destinationAddress
    case unknownInterface(String)

    public var description: String {
        switch self {
        case .serviceExists: "Service already exists"
        case .noSuchService: "No such service"
        case .serviceNotDefined: "Service not defined"
        case .destinationExists: "Destination already exists"
        case .noSuchDestination: "No such destination"
        case .weightRange, .thresholdRange: "Numerical result out of range"
        case .tunnelPort: Self.invalid("a gue tunnel needs a port")
        case .family: Self.invalid("a server of another address family is possible for tunnels only")
        case .persistenceMask: Self.invalid("the netmask")
        case .tableSize: Self.invalid("more servers than the scheduler's table has places")
        case .daemonRunning: "Daemon has already run"
        case .daemonNotRunning: "No daemon is running"
        case .mixedFamilies:
            Self.invalid("a synchronisation daemon and servers of another family than their service's exclude each other")
        case .destinationAddress: Self.invalid("a server's address must be a host's")
        case .unknownInterface(let name): "No such device (\(name))"
        }
    }

    private static func invalid(_ what: String) -> String {
        "Invalid operation.  Possibly wrong module version, address not unicast, ... (\(what))"
    }
}

extension IPVSState {
    /// `do_ip_vs_set_ctl`
    mutating func apply(_ command: IPVSCommand, _ node: NodePointer) throws(IPVSCommandError) {
        switch command {
        case .addService(let service): try addService(service)
        case .editService(let service): try editService(service)
        case .deleteService(let key):
            let number = services.find(key)
            guard number >= 0 else { throw .noSuchService }
            removeService(number, node)
        case .addDestination(let key, let destination):
            let service = try serviceNumber(key, else: .serviceNotDefined)
            let isMixed = (destination.address.family == .ipv6) != (services[service].pointee.version == 6)
            if isMixed, !sync.daemons.isEmpty { throw .mixedFamilies }
            try checkAddress(destination, node)
            try addServer(service, destination)
        case .editDestination(let key, let destination):
            try editServer(serviceNumber(key, else: .serviceNotDefined), destination)
        case .deleteDestination(let key, let address, let port):
            let service = try serviceNumber(key, else: .serviceNotDefined)
            let server = findServer(service, address, port)
            guard server >= 0 else { throw .noSuchDestination }
            removeServer(server, service, updates: true, node)
            if settings.expireNodestConnections { expireWithoutServer(node) }
        case .flush:
            while services.first >= 0 { removeService(services.first, node) }
        case .zero(let key):
            if let key { zero(try serviceNumber(key)) } else { zeroAll() }
        case .setTimeouts(let new): timeouts.set(new)
        case .startDaemon(let daemon): try startDaemon(daemon, node)
        case .stopDaemon(let role): try stopDaemon(role)
        }
    }

    private func serviceNumber(
        _ key: VirtualService.Key, else error: IPVSCommandError = .noSuchService
    ) throws(IPVSCommandError) -> Int32 {
        let number = services.find(key)
        guard number >= 0 else { throw error }
        return number
    }

    /// `ip_vs_add_service`
    mutating func addService(_ service: VirtualService) throws(IPVSCommandError) {
        guard services.find(service.key) < 0 else { throw .serviceExists }
        try checkMask(service)
        let number = services.add(service.key)
        take(service, into: services[number])
        services[number].pointee.scheduler = SchedulerKind(service.scheduler)
        services[number].pointee.scheduler.type.start(services[number], self)
        refreshActive()
        for destination in service.destinations { try addServer(number, destination) }
    }

    func checkMask(_ service: VirtualService) throws(IPVSCommandError) {
        let family = family(of: service.key)
        let least = family == .ipv6 ? 1 : 0
        guard (least...family.bitCount).contains(service.persistenceMask) else { throw .persistenceMask }
    }

    private func family(of key: VirtualService.Key) -> AddressFamily {
        switch key {
        case .address(_, let address, _): address.family
        case .mark(_, let family): family
        }
    }

    private mutating func take(_ service: VirtualService, into s: VirtualServerRef) {
        services.engineCount += (service.engine != nil ? 1 : 0) - (s.pointee.engine != nil ? 1 : 0)
        s.pointee.engine = service.engine
        s.pointee.flags = service.flags
        s.pointee.persistenceSeconds = service.persistenceTimeout
        s.pointee.timeout = Int64(service.persistenceTimeout) * Jiffies.perSecond
        s.pointee.maskLength = UInt8(clamping: service.persistenceMask)
        s.pointee.mask = AddressBits.mask(
            prefixLength: service.persistenceMask, family: family(of: service.key))
    }

    /// `ip_vs_edit_service`: another scheduler begins anew with the servers there are.
    private mutating func editService(_ service: VirtualService) throws(IPVSCommandError) {
        let number = try serviceNumber(service.key)
        try checkMask(service)
        let s = services[number]
        let scheduler = SchedulerKind(service.scheduler)
        if scheduler != s.pointee.scheduler {
            s.pointee.scheduler.type.stop(s, self)
            s.pointee.scheduler = scheduler
            s.pointee.cursor = -1
            scheduler.type.start(s, self)
        }
        take(service, into: s)
    }

    /// `__ip_vs_del_service`
    private mutating func removeService(_ number: Int32, _ node: NodePointer) {
        let s = services[number]
        s.pointee.scheduler.type.stop(s, self)
        while s.pointee.count > 0 {
            removeServer(s.pointee.load(0).pointee.server, number, updates: false, node)
        }
        if s.pointee.engine != nil { services.engineCount -= 1 }
        if s.pointee.tracksConnections {
            if s.pointee.version == 6 { services.trackers6 -= 1 } else { services.trackers4 -= 1 }
        }
        services.remove(number)
        refreshActive()
        if settings.expireNodestConnections { expireWithoutServer(node) }
    }

    private mutating func refreshActive() {
        active = (services.count4 > 0 ? 1 : 0) | (services.count6 > 0 ? 2 : 0)
    }

    private func zero(_ number: Int32) {
        let s = services[number]
        s.pointee.counters.zero(period)
        for i in 0..<s.pointee.count { servers[s.pointee.load(i).pointee.server].pointee.counters.zero(period) }
    }

    private mutating func zeroAll() {
        var number = services.first
        while number >= 0 {
            zero(number)
            number = services[number].pointee.next
        }
        total.zero(period)
    }

    // MARK: Real servers

    /// `ip_vs_lookup_dest`
    func findServer(_ service: Int32, _ address: IPAddress, _ port: UInt16) -> Int32 {
        let s = services[service]
        let version: UInt8 = address.family == .ipv6 ? 6 : 4
        for i in 0..<s.pointee.count {
            let number = s.pointee.loads[i].server
            let server = servers[number]
            if server.pointee.port == port, server.pointee.address == address.bits, server.pointee.version == version {
                return number
            }
        }
        return -1
    }

    private func check(_ destination: Destination, _ service: VirtualServerRef) throws(IPVSCommandError) {
        try check(destination, isIPv6: service.pointee.version == 6)
    }

    func check(_ destination: Destination, isIPv6: Bool) throws(IPVSCommandError) {
        guard destination.weight >= 0 else { throw .weightRange }
        guard destination.lowerThreshold <= destination.upperThreshold else { throw .thresholdRange }
        if case .tunnel(.gue(let port, _)) = destination.forwarding, port == 0 { throw .tunnelPort }
        if (destination.address.family == .ipv6) != isIPv6 {
            guard case .tunnel = destination.forwarding else { throw .family }
        }
    }

    /// `ip_vs_new_dest`: a host's address, or one of the node's own; of IPv6 no link-local one.
    func checkAddress(
        _ destination: Destination, _ node: NodePointer
    ) throws(IPVSCommandError) {
        let bits = destination.address.bits
        let kind = Walk<Plain>(node: node).addressKind(bits, family: destination.address.family, on: 0)
        if kind == .local { return }
        if destination.address.family == .ipv4 {
            guard kind != .broadcast, kind != .multicast else { throw .destinationAddress }
        } else {
            let isLinkLocal = bits.high >> 54 == 0x3fa
            guard kind != .multicast, !bits.isZero, !isLinkLocal else { throw .destinationAddress }
        }
    }

    /// `ip_vs_add_dest`: from the trash if it lies there, with its connections and counters; always at the list's head.
    mutating func addServer(_ service: Int32, _ destination: Destination) throws(IPVSCommandError) {
        let s = services[service]
        try check(destination, s)
        guard findServer(service, destination.address, destination.port) < 0 else { throw .destinationExists }
        if s.pointee.scheduler == .mh, s.pointee.count >= Int(MaglevHashing.size) { throw .tableSize }
        let number = takeFromTrash(s, destination) ?? servers.allocate()
        let server = servers[number]
        server.pointee.address = destination.address.bits
        server.pointee.port = destination.port
        server.pointee.version = destination.address.family == .ipv6 ? 6 : 4
        server.pointee.mark = s.pointee.mark
        server.pointee.ipProtocol = s.pointee.ipProtocol
        server.pointee.virtualVersion = s.pointee.version
        server.pointee.virtual = s.pointee.address
        server.pointee.virtualPort = s.pointee.port
        update(number, destination)
        trackIfFTP(s, server)
        server.pointee.lastWeight = destination.weight
        // Back from the trash, but to another service that has taken the place of the old one.
        let isAnother = server.pointee.service >= 0 && server.pointee.serviceSerial != s.pointee.serial
        if isAnother { server.pointee.counters.zero(period) }
        server.pointee.service = service
        server.pointee.serviceSerial = s.pointee.serial
        server.pointee.isAvailable = true
        var load = server.pointee.detached
        load.server = number
        servers.positions[Int(number)] = Int32(s.pointee.insert(load))
        s.pointee.scheduler.type.changed(s, self)
    }

    /// `ip_vs_edit_dest`
    private mutating func editServer(_ service: Int32, _ destination: Destination) throws(IPVSCommandError) {
        let s = services[service]
        try check(destination, s)
        let number = findServer(service, destination.address, destination.port)
        guard number >= 0 else { throw .noSuchDestination }
        update(number, destination)
        trackIfFTP(s, servers[number])
        if destination.weight != 0 { servers[number].pointee.lastWeight = destination.weight }
        s.pointee.scheduler.type.changed(s, self)
    }

    /// `ip_vs_register_conntrack`: FTP's answers are rewritten by conntrack's means.
    private mutating func trackIfFTP(_ s: VirtualServerRef, _ server: RealServerRef) {
        guard s.pointee.port == 21, server.pointee.forwarding == .masquerade, !s.pointee.tracksConnections else { return }
        s.pointee.tracksConnections = true
        if s.pointee.version == 6 { services.trackers6 += 1 } else { services.trackers4 += 1 }
    }

    /// `__ip_vs_update_dest`: weight, forwarding and thresholds; a changed threshold counts at once.
    private func update(_ number: Int32, _ destination: Destination) {
        let server = servers[number]
        let load = load(number)
        load.pointee.weight = destination.weight
        server.pointee.take(destination)
        server.pointee.routeGeneration = 0
        server.pointee.lookupGeneration = 0
        server.pointee.upperThreshold = destination.upperThreshold
        server.pointee.lowerThreshold = destination.lowerThreshold
        if destination.upperThreshold == 0 {
            load.pointee.overloaded = 0
        } else if totalConnections(number) >= Int64(destination.upperThreshold) {
            load.pointee.overloaded = 1
        } else if totalConnections(number) < Int64(lowerThreshold(server)) {
            load.pointee.overloaded = 0
        }
    }

    /// `ip_vs_unlink_dest` and `__ip_vs_del_dest`: out of the list, into the trash.
    private mutating func removeServer(_ number: Int32, _ service: Int32, updates: Bool, _ node: NodePointer) {
        let s = services[service]
        let server = servers[number]
        let position = Int(servers.positions[Int(number)])
        // Memory runs against the list: the predecessor lies one place higher.
        let predecessor = position + 1 < s.pointee.count ? s.pointee.loads[position + 1].server : -1
        var load = s.pointee.remove(at: position)
        for i in position..<s.pointee.count { servers.positions[Int(s.pointee.loads[i].server)] = Int32(i) }
        load.server = number
        server.pointee.detached = load
        servers.positions[Int(number)] = -1
        server.pointee.isAvailable = false
        server.pointee.isInTrash = true
        server.pointee.idleSince = 0
        if updates { s.pointee.scheduler.type.removed(number, behind: predecessor, s, self) }
        if trash.isEmpty { trashDue = Jiffies.fire(jiffy + 60 * Jiffies.perSecond, at: jiffy) }
        trash.insert(number, at: 0)
    }

    // MARK: Trash

    /// `ip_vs_trash_get_dest`
    private mutating func takeFromTrash(_ s: VirtualServerRef, _ destination: Destination) -> Int32? {
        let version: UInt8 = destination.address.family == .ipv6 ? 6 : 4
        let index = trash.firstIndex { number in
            let server = servers[number].pointee
            return server.version == version && server.address == destination.address.bits
                && server.port == destination.port && server.mark == s.pointee.mark
                && server.ipProtocol == s.pointee.ipProtocol
                && (s.pointee.mark != 0
                    || (server.virtualVersion == s.pointee.version && server.virtual == s.pointee.address
                        && server.virtualPort == s.pointee.port))
        }
        guard let index else { return nil }
        let number = trash.remove(at: index)
        servers[number].pointee.isInTrash = false
        return number
    }

    /// `ip_vs_dest_trash_expire`: every minute; what nothing has referred to for two minutes is forgotten.
    mutating func emptyTrash() {
        while !trash.isEmpty, trashDue != 0, trashDue <= jiffy {
            let at = trashDue
            var kept: [Int32] = []
            for number in trash {
                let server = servers[number]
                if server.pointee.references > 0 {
                    kept.append(number)
                } else if server.pointee.idleSince == 0 {
                    server.pointee.idleSince = max(at, 1)
                    kept.append(number)
                } else if at < server.pointee.idleSince + 120 * Jiffies.perSecond {
                    kept.append(number)
                } else {
                    servers.release(number)
                }
            }
            trash = kept
            trashDue = trash.isEmpty ? 0 : Jiffies.fire(at + 60 * Jiffies.perSecond, at: at)
        }
    }
}
