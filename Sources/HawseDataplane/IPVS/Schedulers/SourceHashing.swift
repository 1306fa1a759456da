import HawseModel
import HawseWire

/// `sh`: 256 slots, each server taking as many in a row as its weight says, round and round. Keeps `table`.
///
/// `.schedule1` is sh-fallback, `.schedule2` sh-port.
enum SourceHashing: IPVSScheduler {
    private static let bits: UInt32 = 8
    private static let size = 256

    static func start(_ service: VirtualServerRef, _ ipvs: IPVSState) { changed(service, ipvs) }
    static func stop(_ service: VirtualServerRef, _ ipvs: IPVSState) { service.pointee.dropTable() }

    /// A server of weight 0 still takes one slot a round.
    static func changed(_ service: VirtualServerRef, _ ipvs: IPVSState) {
        service.pointee.makeTable(size)
        let count = service.pointee.count
        guard count > 0, let table = service.pointee.table else { return }
        var index = 0
        var taken: Int32 = 0
        for slot in 0..<size {
            let load = service.pointee.load(index)
            table[slot] = load.pointee.server
            taken &+= 1
            if taken >= load.pointee.weight {
                taken = 0
                index = index + 1 == count ? 0 : index + 1
            }
        }
    }

    @inline(__always)
    private static func slot(_ word: UInt32, _ port: UInt16, _ offset: UInt32) -> Int {
        Int((offset &+ SchedulerMath.hash32(word &+ UInt32(port), bits: bits)) & UInt32(size - 1))
    }

    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        guard let table = service.pointee.table else { return -1 }
        let word = SchedulerMath.fold(
            request.client, serviceVersion: service.pointee.version, addressVersion: request.version)
        let port = service.pointee.flags.contains(.schedule2) ? request.clientPort : 0
        let first = slot(word, port, 0)
        let server = table[first]
        if server < 0 { return -1 }
        if ipvs.load(server).pointee.isUsable { return server }
        guard service.pointee.flags.contains(.schedule1) else { return -1 }
        // The retries start at the hash, as an offset to the hash.
        for offset in 0..<size {
            let other = table[slot(word, port, UInt32((offset + first) % size))]
            if other < 0 { return -1 }
            if ipvs.load(other).pointee.isUsable { return other }
        }
        return -1
    }
}
