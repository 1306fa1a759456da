import HawseModel
import HawseWire

extension IPVSState {
    /// The state as `ipvsadm` would list it.
    func listing() -> IPVSListing {
        var listing = IPVSListing(timeouts: timeouts.model)
        var number = services.first
        while number >= 0 {
            let s = services[number]
            var counters = s.pointee.counters
            counters.reach(period)
            listing.services.append(
                IPVSListing.Service(
                    service: s.pointee.model, counters: counters.shown(isEstimating: settings.runEstimation), rates: counters.rates,
                    destinations: (0..<s.pointee.count).map { list(s.pointee.load($0)) }))
            number = s.pointee.next
        }
        listing.services = Self.inTableOrder(listing.services)
        connections.forEach { listing.connections.append(list($0)) }
        listing.connections.reverse()
        listing.daemons = sync.daemons
        return listing
    }

    /// As a dump of the kernel's tables gives them: by bucket (`ip_vs_svc_hashkey`, of 256), the newest first, marks behind all
    /// others. Linux also folds a namespace's place in memory into the bucket, which is nowhere to be seen.
    private static func inTableOrder(_ services: [IPVSListing.Service]) -> [IPVSListing.Service] {
        func bucket(_ key: VirtualService.Key) -> UInt32 {
            switch key {
            case .mark(let mark, _): return 256 + (mark & 255)
            case .address(let ipProtocol, let address, let port):
                let words = address.bits.words
                let folded = address.family == .ipv4 ? address.bits.ipv4 : words.0 ^ words.1 ^ words.2 ^ words.3
                return (UInt32(ipProtocol.rawValue) ^ folded ^ UInt32(port >> 8) ^ UInt32(port)) & 255
            }
        }
        let keyed = services.enumerated().map { (bucket: bucket($0.element.service.key), age: -$0.offset, service: $0.element) }
        return keyed.sorted { ($0.bucket, $0.age) < ($1.bucket, $1.age) }.map(\.service)
    }

    func servers(of key: VirtualService.Key) -> [IPVSListing.Server] {
        let number = services.find(key)
        guard number >= 0 else { return [] }
        let s = services[number]
        return (0..<s.pointee.count).map { list(s.pointee.load($0)) }
    }

    func service(_ key: VirtualService.Key) -> VirtualService? {
        let number = services.find(key)
        guard number >= 0 else { return nil }
        var service = services[number].pointee.model
        service.destinations = servers(of: key).map(\.destination)
        return service
    }

    func schedulerTable(_ key: VirtualService.Key) -> [Destination?]? {
        let number = services.find(key)
        guard number >= 0, let table = services[number].pointee.table else { return nil }
        var known: [Int32: Destination] = [:]
        for i in 0..<services[number].pointee.count {
            let load = services[number].pointee.load(i).pointee
            known[load.server] = servers[load.server].pointee.destination(weight: load.weight)
        }
        return (0..<services[number].pointee.tableSize).map { known[table[$0]] }
    }

    private func list(_ load: UnsafeMutablePointer<ServerLoad>) -> IPVSListing.Server {
        let server = servers[load.pointee.server]
        var counters = server.pointee.counters
        counters.reach(period)
        return IPVSListing.Server(
            destination: server.pointee.destination(weight: load.pointee.weight),
            activeConnections: Int(load.pointee.active), inactiveConnections: Int(load.pointee.inactive),
            persistentConnections: Int(server.pointee.persistent), counters: counters.shown(isEstimating: settings.runEstimation), rates: counters.rates)
    }

    private func list(_ connection: VirtualConnectionRef) -> IPVSListing.Connection {
        let c = connection.pointee
        let family: AddressFamily = c.version == 6 ? .ipv6 : .ipv4
        let isMark = c.ipProtocol == .unspecified && c.isTemplate
        return IPVSListing.Connection(
            ipProtocol: c.ipProtocol,
            expires: Int(max(c.expires - jiffy, 0) / Jiffies.perSecond), state: stateName(c),
            client: IPAddress(family: family, bits: c.client), clientPort: c.clientPort,
            virtual: isMark ? markAddress(c, family) : IPAddress(family: family, bits: c.virtual),
            virtualPort: c.virtualPort,
            destination: IPAddress(family: c.destinationVersion == 6 ? .ipv6 : .ipv4, bits: c.destination),
            destinationPort: c.destinationPort,
            engineData: c.engine == 0 ? nil : String(decoding: connections.engineData.data(c.engine), as: UTF8.self))
    }

    /// The template of a mark keeps it where the address would be: in the first four bytes.
    private func markAddress(_ c: VirtualConnection, _ family: AddressFamily) -> IPAddress {
        family == .ipv4
            ? IPAddress(ipv4: c.virtual.ipv4)
            : IPAddress(ipv6High: UInt64(c.virtual.ipv4) << 32, low: 0)
    }

    /// `ip_vs_state_name`
    private func stateName(_ c: VirtualConnection) -> String {
        if c.isTemplate { return c.state & 1 != 0 ? "ASSURED" : "NONE" }
        switch c.ipProtocol {
        case .tcp: return IPVSTCPState(rawValue: c.state)?.name ?? "ERR!"
        case .udp: return "UDP"
        case .sctp: return IPVSSCTPState(rawValue: c.state)?.name ?? "ERR!"
        case .hopByHop: return "NONE"
        default: return "ERR!"
        }
    }
}
