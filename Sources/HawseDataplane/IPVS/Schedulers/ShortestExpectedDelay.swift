import HawseModel
import HawseWire

/// `sed`: the least (active + 1) per weight.
enum ShortestExpectedDelay: IPVSScheduler {
    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        let loads = service.pointee.loads
        var at = service.pointee.count &- 1
        while at >= 0, !loads[at].isUsable { at &-= 1 }
        if at < 0 { return -1 }
        var best = at
        at &-= 1
        while at >= 0 {
            if loads[at].overloaded == 0,
                (Int64(loads[best].active) &+ 1) &* Int64(loads[at].weight)
                    > (Int64(loads[at].active) &+ 1) &* Int64(loads[best].weight)
            {
                best = at
            }
            at &-= 1
        }
        return loads[best].server
    }
}
