import HawseModel
import HawseWire

/// `-m u32` (`u32_mt`). Behind it, as 32-bit words: for each test the start, the number of steps, the number of
/// values, then (operator, operand) of each step and (lower, upper) of each value.
struct U32Operation: MatchOperation {
    var tests: UInt32
    var inverted: Bool

    init(_ match: U32Match) {
        tests = UInt32(clamping: match.tests.count)
        inverted = match.inverted
    }

    static func trailer(_ match: U32Match) -> [UInt32] {
        var words: [UInt32] = []
        for test in match.tests {
            words += [test.start, UInt32(test.steps.count), UInt32(test.values.count)]
            for step in test.steps { words += [UInt32(step.operation.rawValue), step.operand] }
            for value in test.values { words += [value.lowerBound, value.upperBound] }
        }
        return words
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let program = UnsafeMutableRawPointer(operation + 1).assumingMemoryBound(to: UInt32.self)
        var cursor = 0
        for _ in 0..<operation.pointee.tests {
            guard test(program, &cursor, context.packet) else { return operation.pointee.inverted }
        }
        return !operation.pointee.inverted
    }

    /// `u32_match_it` for one test; leaves the cursor behind it when it holds.
    private static func test(_ program: UnsafeMutablePointer<UInt32>, _ cursor: inout Int, _ packet: PacketRef) -> Bool {
        let length = packet.length
        let steps = Int(program[cursor + 1])
        let values = Int(program[cursor + 2])
        guard let first = packet.bytes(at: Int(program[cursor]), count: 4) else { return false }
        var value = first.loadBE32(at: 0)
        var base: UInt32 = 0
        cursor += 3
        for i in 0..<steps {
            let operand = program[cursor + 2 * i + 1]
            switch U32Match.Operator(rawValue: UInt8(truncatingIfNeeded: program[cursor + 2 * i])) {
            case .and: value &= operand
            case .leftShift: value = value &<< operand
            case .rightShift: value = value &>> operand
            case .at:
                let (sum, overflow) = base.addingReportingOverflow(value)
                guard !overflow, Int(sum) + 4 <= length, Int(operand) <= length - Int(sum) - 4,
                    let word = packet.bytes(at: Int(sum) + Int(operand), count: 4)
                else { return false }
                base = sum
                value = word.loadBE32(at: 0)
            case nil: return false
            }
        }
        cursor += 2 * steps
        var hit = false
        for i in 0..<values where value >= program[cursor + 2 * i] && value <= program[cursor + 2 * i + 1] { hit = true }
        cursor += 2 * values
        return hit
    }
}
