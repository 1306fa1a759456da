import HawseModel
import HawseWire

/// `nq`: the first idle server of the list, whatever its weight; else as `sed`.
enum NeverQueue: IPVSScheduler {
    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        let loads = service.pointee.loads
        var best = -1
        var at = service.pointee.count &- 1
        while at >= 0 {
            if loads[at].isUsable {
                if loads[at].active == 0 { return loads[at].server }
                if best < 0
                    || (Int64(loads[best].active) &+ 1) &* Int64(loads[at].weight)
                        > (Int64(loads[at].active) &+ 1) &* Int64(loads[best].weight)
                {
                    best = at
                }
            }
            at &-= 1
        }
        return best < 0 ? -1 : loads[best].server
    }
}
