import HawseModel
import HawseWire

/// `sed`: the least (active + 1) per weight.
enum ShortestExpectedDelay: IPVSScheduler {
    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        SchedulerMath.leastRatio(service) { Int64($0.pointee.active) &+ 1 }
    }
}
