import CShims
import HawseModel
import HawseWire

/// `sed`: the least (active + 1) per weight.
enum ShortestExpectedDelay: IPVSScheduler {
    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        SchedulerMath.leastRatio(service, hawse_cost(shift: 0, active_mask: 0, inactive_mask: 0, constant: 1))
    }
}
