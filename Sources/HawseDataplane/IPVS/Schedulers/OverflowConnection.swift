import HawseModel
import HawseWire

/// `ovf`: the highest weight among the servers whose active connections do not exceed it.
enum OverflowConnection: IPVSScheduler {
    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        let loads = service.pointee.loads
        var best: Int32 = -1
        var highest: Int32 = 0
        var at = service.pointee.count &- 1
        while at >= 0 {
            let weight = loads[at].weight
            if loads[at].overloaded == 0, loads[at].active <= weight, weight > highest {
                best = loads[at].server
                highest = weight
            }
            at &-= 1
        }
        return best
    }
}
