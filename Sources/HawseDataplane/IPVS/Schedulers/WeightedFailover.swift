import HawseModel
import HawseWire

/// `fo`: the highest weight that is not overloaded.
enum WeightedFailover: IPVSScheduler {
    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        let loads = service.pointee.loads
        var best: Int32 = -1
        var highest: Int32 = 0
        var at = service.pointee.count &- 1
        while at >= 0 {
            if loads[at].overloaded == 0, loads[at].weight > highest {
                best = loads[at].server
                highest = loads[at].weight
            }
            at &-= 1
        }
        return best
    }
}
