import HawseModel
import HawseWire

/// `-m set` (`set_match_v4`).
struct SetOperation: MatchOperation {
    /// A counter's test: 0 none, then equal, not equal, less than, greater than.
    struct Test: BitwiseCopyable {
        var kind: UInt8 = 0
        var value: UInt64 = 0

        init(_ comparison: SetMatch.Comparison?) {
            switch comparison {
            case nil: break
            case .equal(let value): (kind, self.value) = (1, value)
            case .notEqual(let value): (kind, self.value) = (2, value)
            case .lessThan(let value): (kind, self.value) = (3, value)
            case .greaterThan(let value): (kind, self.value) = (4, value)
            }
        }

        func holds(_ counter: UInt64) -> Bool {
            switch kind {
            case 1: counter == value
            case 2: counter != value
            case 3: counter < value
            case 4: counter > value
            default: true
            }
        }
    }

    var lookup: SetLookup
    var test: SetTest
    var inverted: Bool

    init(_ match: SetMatch, _ compiler: RuleCompiler) throws(DataplaneError) {
        lookup = try SetLookup(match.set, compiler)
        inverted = match.inverted
        test = SetTest(updatesCounters: match.updateCounters)
        test.updatesSubcounters = match.updateSubcounters
        test.returnsNoMatch = match.returnNoMatch
        test.packets = Test(match.packets)
        test.bytes = Test(match.bytes)
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        var test = operation.pointee.test
        if context.node.pointee.flows.recorder.isOn,
            !context.node.setTable.pointee.sets[Int(operation.pointee.lookup.handle)].isSteady
        {
            context.node.pointee.flows.recorder.isVoid = true
        }
        return context.node.setTable.pointee.test(operation.pointee.lookup, context, &test)
            != operation.pointee.inverted
    }
}

/// A set and which side of the packet gives each of its dimensions.
struct SetLookup: BitwiseCopyable {
    var isSet: Bool
    var handle: UInt16
    var dimensions: UInt8
    /// Bit n: dimension n is taken from the source.
    var sources: UInt8

    init(_ reference: SetReference?, _ compiler: RuleCompiler) throws(DataplaneError) {
        isSet = reference != nil
        handle = 0
        dimensions = 0
        sources = 0
        guard let reference else { return }
        guard let handle = compiler.surroundings.setHandle(reference.name) else {
            throw compiler.refusal("set: there is no set named \"\(reference.name)\"")
        }
        self.handle = handle
        dimensions = UInt8(clamping: reference.sides.count)
        for (i, side) in reference.sides.prefix(8).enumerated() where side == .source { sources |= 1 << UInt8(i) }
    }

    @inline(__always)
    func isSource(_ dimension: Int) -> Bool { sources & (1 << UInt8(truncatingIfNeeded: dimension)) != 0 }
}

/// How a lookup is to be done, and what it found besides yes or no (`struct ip_set_adt_opt`, `ip_set_ext`).
struct SetTest: BitwiseCopyable {
    var updatesCounters: Bool
    var updatesSubcounters = true
    var returnsNoMatch = false
    var packets = SetOperation.Test(nil)
    var bytes = SetOperation.Test(nil)
    var mark: UInt32 = 0
    var markMask: UInt32 = 0
    var priority: UInt32 = 0

    init(updatesCounters: Bool) { self.updatesCounters = updatesCounters }
}
