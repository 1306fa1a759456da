import HawseModel
import HawseWire

/// `lc`: the least overhead; the weight only says whether a server takes part.
enum LeastConnection: IPVSScheduler {
    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        var best: Int32 = -1
        var bestOverhead: Int64 = .max
        var at = service.pointee.count &- 1
        let factor = ipvs.overheadFactor
        while at >= 0 {
            let load = service.pointee.loads + at
            if load.pointee.isUsable {
                let overhead = SchedulerMath.overhead(load, factor)
                if overhead < bestOverhead {
                    best = load.pointee.server
                    bestOverhead = overhead
                }
            }
            at &-= 1
        }
        return best
    }
}
