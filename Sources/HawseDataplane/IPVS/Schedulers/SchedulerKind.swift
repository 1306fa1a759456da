import CShims
import HawseModel
import HawseWire

/// What a scheduler may ask of the packet that wants a server.
struct SchedulingRequest {
    /// Of the client, whichever way the packet goes.
    var client: AddressBits
    /// 0 when the packet has no ports.
    var clientPort: UInt16
    /// The packet's destination address.
    var destination: AddressBits
    /// 4 or 6.
    var version: UInt8
    var jiffy: Int64
}

/// One scheduling algorithm (`struct ip_vs_scheduler`). Servers are numbers in `IPVSState.servers`; -1 is none.
protocol IPVSScheduler {
    /// `init_service`: the service begins to use it, with the servers it has.
    static func start(_ service: VirtualServerRef, _ ipvs: IPVSState)
    /// `done_service`
    static func stop(_ service: VirtualServerRef, _ ipvs: IPVSState)
    /// `add_dest`, `upd_dest`: the server has joined the list's head, or its weight was set.
    static func changed(_ service: VirtualServerRef, _ ipvs: IPVSState)
    /// `del_dest`: the server has left the list; it stood behind `predecessor` (-1: at the head).
    static func removed(_ server: Int32, behind predecessor: Int32, _ service: VirtualServerRef, _ ipvs: IPVSState)
    /// `schedule`
    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32
}

extension IPVSScheduler {
    static func start(_ service: VirtualServerRef, _ ipvs: IPVSState) {}
    static func stop(_ service: VirtualServerRef, _ ipvs: IPVSState) {}
    static func changed(_ service: VirtualServerRef, _ ipvs: IPVSState) {}
    static func removed(_ server: Int32, behind predecessor: Int32, _ service: VirtualServerRef, _ ipvs: IPVSState) {
        changed(service, ipvs)
    }
}

/// The schedulers by number, as a service remembers its own.
enum SchedulerKind: UInt8 {
    case rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos

    init(_ scheduler: VirtualService.Scheduler) {
        switch scheduler {
        case .rr: self = .rr
        case .wrr: self = .wrr
        case .lc: self = .lc
        case .wlc: self = .wlc
        case .lblc: self = .lblc
        case .lblcr: self = .lblcr
        case .dh: self = .dh
        case .sh: self = .sh
        case .sed: self = .sed
        case .nq: self = .nq
        case .fo: self = .fo
        case .ovf: self = .ovf
        case .mh: self = .mh
        case .twos: self = .twos
        }
    }

    var model: VirtualService.Scheduler {
        switch self {
        case .rr: .rr
        case .wrr: .wrr
        case .lc: .lc
        case .wlc: .wlc
        case .lblc: .lblc
        case .lblcr: .lblcr
        case .dh: .dh
        case .sh: .sh
        case .sed: .sed
        case .nq: .nq
        case .fo: .fo
        case .ovf: .ovf
        case .mh: .mh
        case .twos: .twos
        }
    }

    /// The type for the cold calls; `choose` is a switch of its own.
    var type: any IPVSScheduler.Type {
        switch self {
        case .rr: RoundRobin.self
        case .wrr: WeightedRoundRobin.self
        case .lc: LeastConnection.self
        case .wlc: WeightedLeastConnection.self
        case .lblc: LocalityBasedLeastConnection.self
        case .lblcr: LocalityBasedWithReplication.self
        case .dh: DestinationHashing.self
        case .sh: SourceHashing.self
        case .sed: ShortestExpectedDelay.self
        case .nq: NeverQueue.self
        case .fo: WeightedFailover.self
        case .ovf: OverflowConnection.self
        case .mh: MaglevHashing.self
        case .twos: PowerOfTwoChoices.self
        }
    }

    @inline(__always)
    func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        switch self {
        case .rr: RoundRobin.choose(service, request, &ipvs)
        case .wrr: WeightedRoundRobin.choose(service, request, &ipvs)
        case .lc: LeastConnection.choose(service, request, &ipvs)
        case .wlc: WeightedLeastConnection.choose(service, request, &ipvs)
        case .lblc: LocalityBasedLeastConnection.choose(service, request, &ipvs)
        case .lblcr: LocalityBasedWithReplication.choose(service, request, &ipvs)
        case .dh: DestinationHashing.choose(service, request, &ipvs)
        case .sh: SourceHashing.choose(service, request, &ipvs)
        case .sed: ShortestExpectedDelay.choose(service, request, &ipvs)
        case .nq: NeverQueue.choose(service, request, &ipvs)
        case .fo: WeightedFailover.choose(service, request, &ipvs)
        case .ovf: OverflowConnection.choose(service, request, &ipvs)
        case .mh: MaglevHashing.choose(service, request, &ipvs)
        case .twos: PowerOfTwoChoices.choose(service, request, &ipvs)
        }
    }
}

/// What several schedulers compute alike.
enum SchedulerMath {
    /// An address as one word: IPv6's four words XORed. A service hashes by its own family; of an IPv6 server of an
    /// IPv4 service it sees the first word only.
    @inline(__always)
    static func fold(_ address: AddressBits, serviceVersion: UInt8, addressVersion: UInt8) -> UInt32 {
        if addressVersion != 6 { return address.ipv4 }
        let w = address.words
        return serviceVersion == 6 ? w.0 ^ w.1 ^ w.2 ^ w.3 : w.0
    }

    /// `hash_32`: the golden ratio's product, top bits.
    @inline(__always)
    static func hash32(_ word: UInt32, bits: UInt32) -> UInt32 { (word &* 0x61c8_8647) >> (32 &- bits) }

    static func gcd(_ a: Int32, _ b: Int32) -> Int32 {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }

    /// `ip_vs_dest_conn_overhead`
    @inline(__always)
    static func overhead(_ load: UnsafeMutablePointer<ServerLoad>, _ factor: Int64) -> Int64 {
        Int64(load.pointee.active) &* factor &+ Int64(load.pointee.inactive)
    }

    /// `ip_vs_dest_conn_overhead` for a scan.
    @inline(__always)
    static func overhead(_ factor: Int64) -> hawse_cost {
        hawse_cost(shift: 8, active_mask: factor == 257 ? ~0 : 0, inactive_mask: ~0, constant: 0)
    }

    /// The usable server with the least overhead per weight; the one nearer the head wins ties.
    @inline(__always)
    static func leastLoaded(_ service: VirtualServerRef, _ factor: Int64) -> Int32 {
        leastRatio(service, overhead(factor))
    }

    /// The usable server with the least `cost` per weight; the one nearer the head wins ties.
    ///
    /// Few servers of many are better than the best so far: four are compared with it at once. No cost takes more than 32 bits,
    /// as there are never more than 2^23 connections.
    @inline(__always)
    static func leastRatio(_ service: VirtualServerRef, _ cost: hawse_cost) -> Int32 {
        let loads = service.pointee.loads
        var best = service.pointee.count &- 1
        while best >= 0, !loads[best].isUsable { best &-= 1 }
        if best < 0 { return -1 }
        while true {
            let ofBest = hawse_cost_of(UnsafeRawPointer(loads + best).assumingMemoryBound(to: hawse_load.self), cost)
            let next = hawse_lighter(
                loads, best, MemoryLayout<ServerLoad>.stride, cost, ofBest, UInt32(truncatingIfNeeded: loads[best].eligible))
            if next < 0 { return loads[best].server }
            best = next
        }
    }
}
