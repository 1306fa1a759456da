import HawseModel
import HawseWire

/// `-m bpf`
struct BPFOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("bytecode", excludes: ["object-pinned"]),
        .init("object-pinned", excludes: ["bytecode"]),
    ]

    var program: BPFMatch.Program = .bytecode([])

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        guard argument.option == "bytecode" else {
            program = .pinned(try argument.string(max: 511))
            return
        }
        let lines = argument.text.split(separator: ",", omittingEmptySubsequences: true)
        guard let first = lines.first, let count = parseDecimal(first.drop { $0 == " " }, max: 64),
            count >= 1, lines.count == count + 1
        else { throw argument.bad("a count from 1 to 64 and as many instructions are wanted") }
        var instructions: [BPFMatch.Instruction] = []
        for line in lines.dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count == 4 else { throw argument.bad("instructions are `code jt jf k'") }
            instructions.append(
                BPFMatch.Instruction(
                    code: UInt16(try argument.number(fields[0], max: 0xffff)),
                    jumpTrue: UInt8(try argument.number(fields[1], max: 255)),
                    jumpFalse: UInt8(try argument.number(fields[2], max: 255)),
                    operand: UInt32(try argument.number(fields[3], max: UInt64(UInt32.max)))))
        }
        program = .bytecode(instructions)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("bytecode", "object-pinned", of: "bpf")
        return .bpf(BPFMatch(program))
    }
}

extension BPFMatch {
    func write(to out: inout OptionText) {
        switch program {
        case .pinned(let path): out.option("object-pinned", path)
        case .bytecode(let instructions):
            let lines = instructions.map { "\($0.code) \($0.jumpTrue) \($0.jumpFalse) \($0.operand)" }
            out.raw(" --bytecode \"\(instructions.count),\(lines.joined(separator: ","))\"")
        }
    }
}
