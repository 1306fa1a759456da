import HawseModel

/// `-m physdev` (`physdev_mt`): a packet that no bridge port had a part in matches inverted options only.
struct PhysdevOperation: MatchOperation {
    /// 0: not asked for, 1: inverted, 2: plain.
    var isIn: UInt8
    var isOut: UInt8
    var isBridged: UInt8
    var inPort: InterfaceTest
    var outPort: InterfaceTest

    init(_ match: PhysdevMatch, _ compiler: inout RuleCompiler) {
        isIn = match.isIn.map { $0 ? 2 : 1 } ?? 0
        isOut = match.isOut.map { $0 ? 2 : 1 } ?? 0
        isBridged = match.isBridged.map { $0 ? 2 : 1 } ?? 0
        inPort = compiler.interfaceTest(match.inPort)
        outPort = compiler.interfaceTest(match.outPort)
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let packet = context.packet
        guard packet.pointee.flags.contains(.bridged) || packet.pointee.flags.contains(.physdev) else {
            return operation.pointee.isIn != 2 && operation.pointee.isOut != 2 && operation.pointee.isBridged != 2
                && (!operation.pointee.inPort.isSet || operation.pointee.inPort.inverted)
                && (!operation.pointee.outPort.isSet || operation.pointee.outPort.inverted)
        }
        let hasIn = packet.pointee.physIn != 0
        let hasOut = packet.pointee.physOut != 0
        if operation.pointee.isBridged != 0, hasOut != (operation.pointee.isBridged == 2) { return false }
        if operation.pointee.isIn != 0, hasIn != (operation.pointee.isIn == 2) { return false }
        if operation.pointee.isOut != 0, hasOut != (operation.pointee.isOut == 2) { return false }
        if operation.pointee.inPort.isSet, hasIn, !operation.pointee.inPort.holds(packet.pointee.physIn, context) {
            return false
        }
        if operation.pointee.outPort.isSet {
            return hasOut && operation.pointee.outPort.holds(packet.pointee.physOut, context)
        }
        return true
    }
}
