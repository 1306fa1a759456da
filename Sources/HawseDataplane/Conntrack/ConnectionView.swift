import HawseModel
import HawseWire

/// Reading the tuples of connection records: pointers alone, so that a closure may hold it while the table changes.
struct ConnectionView {
    let records: LazyMemory<Connection>
    let extensions: LazyMemory<ConnectionExtension>
    let hasher: FlowHash

    /// The connection's tuple of a direction.
    @inline(__always)
    func tuple(of connection: ConnectionRef, _ direction: Direction) -> Tuple {
        let ct = connection.pointee
        var source: AddressBits
        var destination: AddressBits
        if !ct.isIPv6 {
            let word = direction == .original ? ct.address0 : ct.address1
            source = AddressBits(high: 0, low: word >> 32)
            destination = AddressBits(high: 0, low: word & 0xffff_ffff)
        } else {
            source = AddressBits(high: ct.address0, low: ct.address1)
            destination = AddressBits(high: ct.address2, low: ct.address3)
            if direction == .reply {
                if ct.bits.contains(.replyAddresses) {
                    let cold = extensions[Int(ct.extensionIndex)]
                    source = cold.pointee.replySource
                    destination = cold.pointee.replyDestination
                } else {
                    swap(&source, &destination)
                }
            }
        }
        let ports = direction == .original ? ct.originalPorts : ct.replyPorts
        return Tuple(
            source: source, destination: destination, ports: ports, ipProtocol: ct.ipProtocol, version: ct.isIPv6 ? 6 : 4)
    }

    /// Whether a candidate, named as the index names it, has these IPv4 addresses and ports. A look, not a check.
    @inline(__always)
    func isOf(_ reference: UInt32, _ addresses: UInt64, _ ports: UInt32) -> Bool {
        let connection = records[Int(reference >> 1)]
        return reference & 1 == 0
            ? connection.pointee.address0 == addresses && connection.pointee.originalPorts == ports
            : connection.pointee.address1 == addresses && connection.pointee.replyPorts == ports
    }

    @inline(__always)
    func hash(_ tuple: Tuple, zone: UInt16) -> UInt64 {
        hasher(tuple.source, tuple.destination, tuple.rest | UInt64(zone) << 16)
    }

    /// Of one direction of a record, named as the index names it: record number × 2 + direction.
    func hash(ofReference reference: UInt32) -> UInt64 {
        let connection = records[Int(reference >> 1)]
        let direction: Direction = reference & 1 == 0 ? .original : .reply
        return hash(tuple(of: connection, direction), zone: connection.pointee.zone(direction))
    }
}
