import CShims
import HawseModel
import HawseWire

/// `nq`: the first idle server of the list, whatever its weight; else as `sed`.
enum NeverQueue: IPVSScheduler {
    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        let idle = hawse_idle(service.pointee.loads, service.pointee.count, MemoryLayout<ServerLoad>.stride)
        if idle >= 0 { return service.pointee.loads[idle].server }
        return ShortestExpectedDelay.choose(service, request, &ipvs)
    }
}
