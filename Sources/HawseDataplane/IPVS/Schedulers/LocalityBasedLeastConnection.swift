import HawseModel
import HawseWire

/// `lblc`: a destination address stays with its server while that is alive and not overloaded in comparison; else the
/// choice is that of wlc. Keeps `locality`.
enum LocalityBasedLeastConnection: IPVSScheduler {
    static func start(_ service: VirtualServerRef, _ ipvs: IPVSState) {
        service.pointee.makeLocality(at: ipvs.jiffy)
    }

    static func stop(_ service: VirtualServerRef, _ ipvs: IPVSState) {
        for server in service.pointee.locality?.pointee.held ?? [] { ipvs.servers[server].pointee.references -= 1 }
        service.pointee.dropLocality()
    }

    /// A server stays in its service's memory when it leaves the list.
    static func removed(_ server: Int32, behind predecessor: Int32, _ service: VirtualServerRef, _ ipvs: IPVSState) {}

    /// `is_overloaded`: more active connections than weight, while some server has less than half of its weight.
    static func isOverloaded(_ server: Int32, _ service: VirtualServerRef, _ ipvs: inout IPVSState) -> Bool {
        let load = ipvs.load(server)
        guard load.pointee.active > load.pointee.weight else { return false }
        // All of them without a branch in between: mostly there is none.
        let loads = service.pointee.loads
        var hasSlack = false
        for i in 0..<service.pointee.count {
            let isSlack = Int64(loads[i].active) &* 2 < Int64(loads[i].weight)
            hasSlack = isSlack || hasSlack
        }
        return hasSlack
    }

    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        guard let locality = service.pointee.locality else { return -1 }
        for server in locality.pointee.expire(request.jiffy, expiration: ipvs.settings.lblcExpiration) {
            ipvs.servers[server].pointee.references -= 1
        }
        let bucket = LocalityTable.bucket(request.destination, service.pointee.version)
        let found = locality.pointee.find(request.destination, in: bucket)
        if let found {
            locality.pointee[bucket, found].lastUse = request.jiffy
            let server = locality.pointee[bucket, found].servers[0]
            if ipvs.servers[server].pointee.isAvailable, ipvs.load(server).pointee.weight > 0,
                !isOverloaded(server, service, &ipvs)
            {
                return server
            }
        }
        let chosen = SchedulerMath.leastLoaded(service, ipvs.overheadFactor)
        guard chosen >= 0 else { return -1 }
        if let found {
            if locality.pointee[bucket, found].servers[0] == chosen { return chosen }
            let old = locality.pointee.remove(found, in: bucket)
            ipvs.servers[old.servers[0]].pointee.references -= 1
        }
        ipvs.servers[chosen].pointee.references += 1
        locality.pointee.insert(
            LocalityTable.Entry(
                address: request.destination, servers: [chosen], lastUse: request.jiffy, lastChange: request.jiffy),
            in: bucket)
        return chosen
    }
}
