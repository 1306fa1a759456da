import HawseModel
import HawseWire

extension Walk {
    /// `nf_conntrack_tftp`: the server answers a read or write request from a port of its own choice.
    func readTFTP(_ packet: PacketRef, _ connection: ConnectionRef) -> Verdict {
        guard packet.transportLength >= 10 else { return .accept }
        let operation = packet.transportPointer.loadBE16(at: 8)
        guard operation == 1 || operation == 2 else { return .accept }
        let reply = node.pointee.connections.tuple(of: connection, .reply)
        var expected = reply
        expected.sourcePort = 0
        var expectation = Expectation(
            tuple: expected, zone: connection.pointee.zone, master: node.pointee.connections.handle(of: connection),
            timeout: node.pointee.now + Expectation.lifetime)
        if !connection.pointee.status.isDisjoint(with: .natMask) {
            expectation.followsMaster = true
            expectation.savedPort = node.pointee.connections.tuple(of: connection, .original).sourcePort
            expectation.direction = .reply
        }
        return expect(expectation, connection) ? .accept : refuseHelper(packet)
    }
}
