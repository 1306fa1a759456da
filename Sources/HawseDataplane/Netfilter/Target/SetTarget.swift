import HawseModel
import HawseWire

/// SET (`set_target_v3`): adds, deletes, or maps mark and priority by what a set's entry carries.
struct SetAction: BitwiseCopyable {
    var add: SetLookup
    var delete: SetLookup
    var map: SetLookup
    var exist: Bool
    /// Seconds; `.max`: the set's default.
    var timeout: UInt32
    var mapsMark: Bool
    var mapsPriority: Bool

    init(_ target: SetTarget, _ compiler: RuleCompiler) throws(DataplaneError) {
        add = try SetLookup(target.add, compiler)
        delete = try SetLookup(target.delete, compiler)
        map = try SetLookup(target.map, compiler)
        exist = target.exist
        timeout = target.timeout ?? .max
        mapsMark = target.mapsMark
        mapsPriority = target.mapsPriority
    }

    func apply(_ context: RuleContext) {
        let sets = context.node.setTable
        if add.isSet { sets.pointee.add(add, context, timeout: timeout, exist: exist) }
        if delete.isSet { sets.pointee.delete(delete, context) }
        guard map.isSet else { return }
        var test = SetTest(updatesCounters: true)
        guard sets.pointee.test(map, context, &test) else { return }
        let packet = context.packet
        if mapsMark { packet.pointee.mark = (packet.pointee.mark & ~test.markMask) ^ test.mark }
        if mapsPriority { packet.pointee.priority = test.priority }
    }
}
