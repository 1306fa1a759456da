import HawseModel
import HawseWire

/// `-m u32`
struct U32Options: MatchOptions {
    static let words: [OptionWord] = [
        .init("u32", inverts: true)
    ]

    var match = U32Match(tests: [])

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        var reader = U32Reader(argument: argument)
        match.tests = try reader.tests()
        match.inverted = argument.inverted
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("u32", of: "u32")
        return .u32(match)
    }
}

extension U32Match {
    func write(to out: inout OptionText) {
        let symbols: [Operator: String] = [.and: "&", .leftShift: "<<", .rightShift: ">>", .at: "@"]
        let parts = tests.map { test in
            let steps = test.steps.map { (symbols[$0.operation] ?? "") + hexText($0.operand) }.joined()
            let values = test.values.map { range in
                range.lowerBound == range.upperBound
                    ? hexText(range.lowerBound) : "\(hexText(range.lowerBound)):\(hexText(range.upperBound))"
            }
            return "\(hexText(test.start))\(steps)=\(values.joined(separator: ","))"
        }
        out.flag("u32", inverted: inverted)
        out.raw(" \"\(parts.joined(separator: "&&"))\"")
    }
}

/// `tests := location "=" value {"," value} {"&&" …}`, blanks anywhere between.
private struct U32Reader {
    let argument: OptionArgument
    let bytes: [UInt8]
    var index = 0

    init(argument: OptionArgument) {
        self.argument = argument
        bytes = Array(argument.text.utf8)
    }

    mutating func tests() throws(FormatError) -> [U32Match.Test] {
        var tests: [U32Match.Test] = []
        repeat {
            guard tests.count < 11 else { throw argument.bad("at most 11 tests") }
            tests.append(try test())
        } while accept("&&")
        guard index == bytes.count else { throw argument.bad("`&&' is wanted at position \(index + 1)") }
        return tests
    }

    private mutating func test() throws(FormatError) -> U32Match.Test {
        let start = try number()
        var steps: [U32Match.Step] = []
        while !accept("=") {
            let operation: U32Match.Operator
            if accept("<<") {
                operation = .leftShift
            } else if accept(">>") {
                operation = .rightShift
            } else if accept("@") {
                operation = .at
            } else if accept("&") {
                operation = .and
            } else {
                throw argument.bad("an operator (& << >> @ =) is wanted at position \(index + 1)")
            }
            let value = try number()
            if operation == .leftShift || operation == .rightShift, value > 31 {
                throw argument.bad("a shift by more than 31 bits")
            }
            steps.append(U32Match.Step(operation, value))
            guard steps.count <= 10 else { throw argument.bad("at most 10 operators in a test") }
        }
        var values: [ClosedRange<UInt32>] = []
        repeat {
            let lower = try number()
            let upper = accept(":") ? try number() : lower
            guard lower <= upper else { throw argument.bad("range \(lower):\(upper) is upside down") }
            values.append(lower...upper)
            guard values.count <= 10 else { throw argument.bad("at most 10 values in a test") }
        } while accept(",")
        return U32Match.Test(start: start, steps: steps, values: values)
    }

    private mutating func skipBlanks() {
        while index < bytes.count, bytes[index] == UInt8(ascii: " ") || bytes[index] == UInt8(ascii: "\t") {
            index += 1
        }
    }

    private mutating func accept(_ symbol: String) -> Bool {
        skipBlanks()
        guard bytes[index...].starts(with: symbol.utf8) else { return false }
        index += symbol.utf8.count
        skipBlanks()
        return true
    }

    private mutating func number() throws(FormatError) -> UInt32 {
        skipBlanks()
        let start = index
        while index < bytes.count, isWordByte(bytes[index]) { index += 1 }
        let word = String(decoding: bytes[start..<index], as: UTF8.self)
        skipBlanks()
        return UInt32(try argument.number(word, max: UInt64(UInt32.max)))
    }

    private func isWordByte(_ byte: UInt8) -> Bool {
        (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
            || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
    }
}
