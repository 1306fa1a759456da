import HawseModel
import HawseWire

/// `rr`: a cursor on the server last used, moving on to the next usable one. Keeps `cursor`.
enum RoundRobin: IPVSScheduler {
    static func start(_ service: VirtualServerRef, _ ipvs: IPVSState) { service.pointee.cursor = -1 }

    /// The cursor's own server is gone: back to the one before it.
    static func removed(_ server: Int32, behind predecessor: Int32, _ service: VirtualServerRef, _ ipvs: IPVSState) {
        if service.pointee.cursor == server { service.pointee.cursor = predecessor }
    }

    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        let count = service.pointee.count
        let cursor = service.pointee.cursor
        // Positions in memory run against the list: the next server of the list is one place lower.
        let start = cursor < 0 ? count : Int(ipvs.servers.positions[Int(cursor)])
        var at = start
        for _ in 0..<count {
            at = at == 0 ? count &- 1 : at &- 1
            let load = service.pointee.loads + at
            if load.pointee.isUsable {
                service.pointee.cursor = load.pointee.server
                return load.pointee.server
            }
        }
        return -1
    }
}
