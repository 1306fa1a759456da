import HawseModel

/// `-m owner` (`owner_mt`): packets without a local socket match inverted options only.
struct OwnerOperation: MatchOperation {
    var uid: NumberRange<UInt32>
    var gid: NumberRange<UInt32>
    var hasUID: Bool
    var hasGID: Bool
    /// 0: not asked for, 1: `! --socket-exists`, 2: `--socket-exists`.
    var socket: UInt8
    /// `--suppl-groups`: has no inverted form, so that packets without a socket never match.
    var asksForGroups: Bool

    init(_ match: OwnerMatch) {
        uid = NumberRange(match.uid)
        gid = NumberRange(match.gid)
        hasUID = match.uid != nil
        hasGID = match.gid != nil
        socket = match.socketExists.map { $0 ? 2 : 1 } ?? 0
        asksForGroups = match.supplementaryGroups
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let packet = context.packet
        let test = operation.pointee
        // The kernel's own sockets (ICMP, resets) have no file, and so no owner.
        if packet.pointee.uid == Packet.kernelSocket {
            return test.socket != 1 && (!test.hasUID || test.uid.inverted) && (!test.hasGID || test.gid.inverted)
        }
        guard packet.pointee.uid >= 0 else {
            return test.socket != 2 && !test.asksForGroups && (!test.hasUID || test.uid.inverted) && (!test.hasGID || test.gid.inverted)
        }
        if test.socket == 1 { return false }
        if test.hasUID, !test.uid.contains(UInt32(truncatingIfNeeded: packet.pointee.uid)) { return false }
        if test.hasGID, !test.gid.contains(UInt32(truncatingIfNeeded: packet.pointee.gid)) { return false }
        return true
    }
}
