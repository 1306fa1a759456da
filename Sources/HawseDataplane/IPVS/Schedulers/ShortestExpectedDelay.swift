import HawseModel
import HawseWire

/// `sed`: the least (active + 1) per weight.
enum ShortestExpectedDelay: IPVSScheduler {
    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        let loads = service.pointee.loads
        var at = service.pointee.count &- 1
        while at >= 0, !loads[at].isUsable { at &-= 1 }
        if at < 0 { return -1 }
        var best = loads + at
        var bestOverhead = Int64(best.pointee.active) &+ 1
        var bestWeight = Int64(best.pointee.eligible)
        var load = best
        while load > loads {
            load -= 1
            let weight = Int64(load.pointee.eligible)
            let overhead = Int64(load.pointee.active) &+ 1
            if bestOverhead &* weight > overhead &* bestWeight {
                best = load
                bestOverhead = overhead
                bestWeight = weight
            }
        }
        return best.pointee.server
    }
}
