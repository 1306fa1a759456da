import HawseModel
import HawseWire

/// `nq`: the first idle server of the list, whatever its weight; else as `sed`.
enum NeverQueue: IPVSScheduler {
    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        let loads = service.pointee.loads
        var at = service.pointee.count &- 1
        while at >= 0 {
            if loads[at].active == 0, loads[at].isUsable { return loads[at].server }
            at &-= 1
        }
        return ShortestExpectedDelay.choose(service, request, &ipvs)
    }
}
