import HawseModel
import HawseWire

/// `wrr`: rounds with a falling required weight. Keeps `cursor`, `currentWeight`, `maximumWeight`, `weightStep`.
enum WeightedRoundRobin: IPVSScheduler {
    private static func measure(_ service: VirtualServerRef) {
        var step: Int32 = 0
        var highest: Int32 = 0
        for i in 0..<service.pointee.count {
            let weight = service.pointee.load(i).pointee.weight
            if weight > 0 { step = step > 0 ? SchedulerMath.gcd(weight, step) : weight }
            highest = max(highest, weight)
        }
        service.pointee.cursor = -1
        service.pointee.weightStep = step > 0 ? step : 1
        service.pointee.maximumWeight = highest - (service.pointee.weightStep - 1)
    }

    static func start(_ service: VirtualServerRef, _ ipvs: IPVSState) {
        measure(service)
        service.pointee.currentWeight = service.pointee.maximumWeight
    }

    /// The position starts over; the current weight is kept, put on the grid of the new step.
    static func changed(_ service: VirtualServerRef, _ ipvs: IPVSState) {
        measure(service)
        let s = service.pointee
        if s.currentWeight > s.maximumWeight || s.currentWeight == 0 {
            service.pointee.currentWeight = s.maximumWeight
        } else if s.weightStep > 1 {
            service.pointee.currentWeight = s.currentWeight / s.weightStep * s.weightStep + 1
        }
    }

    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        let count = service.pointee.count
        if service.pointee.maximumWeight == 0 { return -1 }
        let loads = service.pointee.loads
        let cursor = service.pointee.cursor
        let fromHead = cursor < 0
        let last = fromHead ? -1 : Int(ipvs.servers.positions[Int(cursor)])
        var at = fromHead ? count : last
        var stop = -1
        var isLastPass = false
        var hasRestarted = false
        while true {
            at &-= 1
            while at >= 0 {
                if loads[at].overloaded == 0, loads[at].weight >= service.pointee.currentWeight {
                    service.pointee.cursor = loads[at].server
                    return loads[at].server
                }
                if at == stop {
                    service.pointee.cursor = loads[at].server
                    return -1
                }
                at &-= 1
            }
            at = count
            service.pointee.currentWeight &-= service.pointee.weightStep
            if service.pointee.currentWeight <= 0 {
                service.pointee.currentWeight = service.pointee.maximumWeight
                // Every server was asked for a weight of at least 1.
                if isLastPass || fromHead {
                    service.pointee.cursor = -1
                    return -1
                }
                hasRestarted = true
            }
            isLastPass = service.pointee.currentWeight <= service.pointee.weightStep
            if isLastPass, hasRestarted, !fromHead { stop = last }
        }
    }
}
