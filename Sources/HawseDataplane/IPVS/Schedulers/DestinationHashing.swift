import HawseModel
import HawseWire

/// `dh`: 256 slots filled by walking the list round and round, whatever the weights. Keeps `table`.
enum DestinationHashing: IPVSScheduler {
    private static let bits: UInt32 = 8

    static func start(_ service: VirtualServerRef, _ ipvs: IPVSState) { changed(service, ipvs) }
    static func stop(_ service: VirtualServerRef, _ ipvs: IPVSState) { service.pointee.dropTable() }

    static func changed(_ service: VirtualServerRef, _ ipvs: IPVSState) {
        service.pointee.makeTable(1 << Int(bits))
        let count = service.pointee.count
        guard count > 0, let table = service.pointee.table else { return }
        for slot in 0..<(1 << Int(bits)) { table[slot] = service.pointee.load(slot % count).pointee.server }
    }

    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        guard let table = service.pointee.table else { return -1 }
        let word = SchedulerMath.fold(
            request.destination, serviceVersion: service.pointee.version, addressVersion: request.version)
        let server = table[Int(SchedulerMath.hash32(word, bits: bits))]
        return server >= 0 && ipvs.load(server).pointee.isUsable ? server : -1
    }
}
