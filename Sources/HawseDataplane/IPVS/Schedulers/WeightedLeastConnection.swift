import HawseModel
import HawseWire

/// `wlc`: the least overhead per weight.
enum WeightedLeastConnection: IPVSScheduler {
    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        SchedulerMath.leastLoaded(service, ipvs.overheadFactor)
    }
}
