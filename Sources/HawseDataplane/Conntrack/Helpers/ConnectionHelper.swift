import HawseModel
import HawseWire

/// The helpers that `-j CT --helper` can name.
enum ConnectionHelper: UInt8, CaseIterable {
    case none = 0
    case ftp = 1
    case tftp = 2

    /// By the name the kernel module registers; `nil` for one that is not here.
    init?(name: String) {
        switch name {
        case "ftp": self = .ftp
        case "tftp": self = .tftp
        default: return nil
        }
    }

    var name: String {
        switch self {
        case .none: ""
        case .ftp: "ftp"
        case .tftp: "tftp"
        }
    }

    /// The transport protocol the helper can read.
    var ipProtocol: IPProtocol {
        switch self {
        case .none: .unspecified
        case .ftp: .tcp
        case .tftp: .udp
        }
    }
}

extension Walk {
    /// `__nf_ct_try_assign_helper`: the template's helper, when it is for this protocol.
    func assignHelper(_ connection: ConnectionRef, _ number: UInt8) {
        guard let helper = ConnectionHelper(rawValue: number), helper.ipProtocol == connection.pointee.ipProtocol,
            let cold = node.pointee.connections.makeExtension(connection)
        else { return }
        cold.pointee.helper = number
        connection.pointee.status.insert(.helper)
    }

    /// `init_conntrack`'s part about expectations: is this the connection that a helper foresaw?
    func meetExpectation(_ packet: PacketRef, _ connection: ConnectionRef, _ tuple: Tuple) -> Bool {
        guard
            let index = node.pointee.connections.expectations.match(
                tuple, zone: connection.pointee.zone, now: node.pointee.now)
        else { return false }
        let expectation = node.pointee.connections.expectations.entries[index]
        guard let master = node.pointee.connections.live(expectation.master), master.pointee.isConfirmed,
            !master.pointee.isDying, let cold = node.pointee.connections.makeExtension(connection)
        else { return false }
        node.pointee.connections.acquire(master)
        cold.pointee.master = expectation.master
        connection.pointee.status.insert(.expected)
        connection.pointee.mark = master.pointee.mark
        if !expectation.isPermanent { node.pointee.connections.unexpect(at: index) }
        if expectation.followsMaster { followMaster(packet, connection, master, expectation) }
        return true
    }

    /// `nf_nat_follow_master`: the expected connection gets the addresses that its master's packets have.
    private func followMaster(
        _ packet: PacketRef, _ connection: ConnectionRef, _ master: ConnectionRef, _ expectation: Expectation
    ) {
        let theirs = node.pointee.connections.tuple(of: master, expectation.direction.opposite)
        _ = bind(packet, connection, NATRange(address: theirs.destination), .source)
        var range = NATRange(address: theirs.source, flags: [.mapIPs, .protoSpecified])
        range.minimumPort = expectation.savedPort
        range.maximumPort = expectation.savedPort
        _ = bind(packet, connection, range, .destination)
    }

    /// `nf_confirm`'s part about helpers: reads the payload, and puts mangled sequence numbers right.
    @inline(never)
    func runHelper(_ packet: PacketRef, _ connection: ConnectionRef) -> Verdict {
        let adjusts = connection.pointee.status.contains(.sequenceAdjust)
        if packet.pointee.connectionInfo == .relatedReply || packet.isLaterFragment { return .accept }
        if connection.pointee.status.contains(.helper), let cold = node.pointee.connections.cold(connection) {
            let verdict: Verdict
            switch ConnectionHelper(rawValue: cold.pointee.helper) ?? .none {
            case .ftp: verdict = readFTP(packet, connection)
            case .tftp: verdict = readTFTP(packet, connection)
            case .none: verdict = .accept
            }
            if verdict != .accept { return verdict }
        }
        if adjusts, !packet.pointee.flags.contains(.loopback), !adjustSequence(packet, connection) {
            packet.pointee.disposition = .dropped(.natFailed)
            return .drop
        }
        return .accept
    }

    /// `nf_ct_expect_related` for a helper of which one expectation may wait at a time, five minutes long. False:
    /// another connection expects the same.
    func expect(_ expectation: Expectation, _ connection: ConnectionRef) -> Bool {
        let limit = node.pointee.connections.settings.maximumExpectations
        guard node.pointee.connections.expectations.makeRoom(for: expectation, limit: limit, now: node.pointee.now),
            let cold = node.pointee.connections.makeExtension(connection)
        else { return false }
        node.pointee.connections.expectations.insert(expectation)
        cold.pointee.expecting = 1
        return true
    }

    func refuseHelper(_ packet: PacketRef) -> Verdict {
        packet.pointee.disposition = .dropped(.conntrackInvalid)
        return .drop
    }
}
