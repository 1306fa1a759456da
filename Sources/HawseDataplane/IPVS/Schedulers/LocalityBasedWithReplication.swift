import HawseModel
import HawseWire

/// `lblcr`: a destination address has a set of servers, of which the least loaded serves; the set grows when that one is
/// overloaded and shrinks when it has been left alone for a day. Keeps `locality`.
enum LocalityBasedWithReplication: IPVSScheduler {
    static func start(_ service: VirtualServerRef, _ ipvs: IPVSState) {
        service.pointee.makeLocality(at: ipvs.jiffy)
    }

    static func stop(_ service: VirtualServerRef, _ ipvs: IPVSState) {
        LocalityBasedLeastConnection.stop(service, ipvs)
    }

    static func removed(_ server: Int32, behind predecessor: Int32, _ service: VirtualServerRef, _ ipvs: IPVSState) {}

    /// `ip_vs_dest_set_min`
    private static func least(_ servers: [Int32], _ service: VirtualServerRef, _ ipvs: inout IPVSState) -> Int32 {
        var best: Int32 = -1
        var bestOverhead: Int64 = 0
        var bestWeight: Int64 = 0
        let loads = service.pointee.loads
        let positions = ipvs.servers.positions
        let factor = ipvs.overheadFactor
        servers.withUnsafeBufferPointer { servers in
            for server in servers {
                let position = Int(positions[Int(server)])
                // One that has left the service is not available.
                guard position >= 0, loads[position].isUsable else { continue }
                let overhead = SchedulerMath.overhead(loads + position, factor)
                let weight = Int64(loads[position].eligible)
                if best < 0 || bestOverhead &* weight > overhead &* bestWeight {
                    best = server
                    bestOverhead = overhead
                    bestWeight = weight
                }
            }
        }
        return best
    }

    /// `ip_vs_dest_set_max`
    private static func most(_ servers: [Int32], _ ipvs: inout IPVSState) -> Int? {
        var best: Int?
        var bestOverhead: Int64 = 0
        var bestWeight: Int64 = 0
        for (index, server) in servers.enumerated() {
            let load = ipvs.load(server)
            let weight = Int64(load.pointee.weight)
            guard weight > 0 else { continue }
            let overhead = SchedulerMath.overhead(load, ipvs.overheadFactor)
            if best == nil || bestOverhead * weight < overhead * bestWeight {
                best = index
                bestOverhead = overhead
                bestWeight = weight
            }
        }
        return best
    }

    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        guard let locality = service.pointee.locality else { return -1 }
        let expiration = ipvs.settings.lblcrExpiration
        for server in locality.pointee.expire(request.jiffy, expiration: expiration) {
            ipvs.servers[server].pointee.references -= 1
        }
        let bucket = LocalityTable.bucket(request.destination, service.pointee.version)
        guard let found = locality.pointee.find(request.destination, in: bucket) else {
            let chosen = SchedulerMath.leastLoaded(service, ipvs.overheadFactor)
            guard chosen >= 0 else { return -1 }
            ipvs.servers[chosen].pointee.references += 1
            locality.pointee.insert(
                LocalityTable.Entry(
                    address: request.destination, servers: [chosen], lastUse: request.jiffy,
                    lastChange: request.jiffy),
                in: bucket)
            return chosen
        }
        locality.pointee[bucket, found].lastUse = request.jiffy
        let entry = locality.pointee[bucket, found]
        let server = least(entry.servers, service, &ipvs)
        if entry.servers.count > 1, request.jiffy > entry.lastChange + expiration,
            let index = most(entry.servers, &ipvs)
        {
            ipvs.servers[entry.servers[index]].pointee.references -= 1
            locality.pointee.removeServer(bucket, found, at: index, request.jiffy)
        }
        if server >= 0, !LocalityBasedLeastConnection.isOverloaded(server, service, &ipvs) { return server }
        let chosen = SchedulerMath.leastLoaded(service, ipvs.overheadFactor)
        guard chosen >= 0 else { return -1 }
        if !locality.pointee[bucket, found].servers.contains(chosen) {
            ipvs.servers[chosen].pointee.references += 1
            locality.pointee.addServer(bucket, found, chosen, request.jiffy)
        }
        return chosen
    }
}
