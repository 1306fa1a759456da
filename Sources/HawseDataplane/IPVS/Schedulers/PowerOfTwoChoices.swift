import HawseModel
import HawseWire

/// `twos`: two draws weighted by weight, the less loaded of the two. The chance is the node's, from its seed.
enum PowerOfTwoChoices: IPVSScheduler {
    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        let loads = service.pointee.loads
        let count = service.pointee.count
        var total: Int64 = 0
        for at in 0..<count { total &+= Int64(loads[at].eligible) }
        // The usable one that is last in the list.
        var first = 0
        while first < count, !loads[first].isUsable { first &+= 1 }
        if first == count { return -1 }
        // Both draws are from 0 to the sum of the weights, both ends included.
        let bound = UInt32(clamping: total + 1)
        var draw1 = Int64(ipvs.chance.below(bound))
        var draw2 = Int64(ipvs.chance.below(bound))
        var second = -1
        var found1 = false
        for i in 0..<count {
            let at = service.pointee.flip(i)
            guard loads[at].isUsable else { continue }
            draw1 -= Int64(loads[at].weight)
            draw2 -= Int64(loads[at].weight)
            if draw1 <= 0, !found1 {
                first = at
                found1 = true
            }
            if draw2 <= 0, second < 0 { second = at }
            if found1, second >= 0 { break }
        }
        guard found1, second >= 0 else { return loads[first].server }
        let overhead1 = SchedulerMath.overhead(loads + first, ipvs.overheadFactor)
        let overhead2 = SchedulerMath.overhead(loads + second, ipvs.overheadFactor)
        let prefersSecond = Int64(loads[second].weight) * overhead1 > Int64(loads[first].weight) * overhead2
        return loads[prefersSecond ? second : first].server
    }
}
