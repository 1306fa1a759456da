import HawseModel
import HawseWire

/// `-j CONNMARK`
struct ConnmarkTargetOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("set-xmark", excludes: connmarkOperations.filter { $0 != "set-xmark" }),
        .init("set-mark", excludes: connmarkOperations.filter { $0 != "set-mark" }),
        .init("and-mark", excludes: connmarkOperations.filter { $0 != "and-mark" }),
        .init("or-mark", excludes: connmarkOperations.filter { $0 != "or-mark" }),
        .init("xor-mark", excludes: connmarkOperations.filter { $0 != "xor-mark" }),
        .init("save-mark", arguments: .none, excludes: connmarkOperations.filter { $0 != "save-mark" }),
        .init("restore-mark", arguments: .none, excludes: connmarkOperations.filter { $0 != "restore-mark" }),
        .init("left-shift-mark", excludes: ["right-shift-mark"]),
        .init("right-shift-mark", excludes: ["left-shift-mark"]),
        .init("ctmask", excludes: ["mask"]),
        .init("nfmask", excludes: ["mask"]),
        .init("mask", excludes: ["ctmask", "nfmask"]),
    ]

    var operation = ConnmarkTarget.Operation.set(value: 0, mask: 0)
    var shift = ConnmarkTarget.Shift.left(0)
    var connectionMask = UInt32.max
    var packetMask = UInt32.max

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "set-xmark":
            let mark = try argument.masked()
            operation = .set(value: mark.value, mask: mark.mask)
        case "set-mark":
            let mark = try argument.masked()
            operation = .set(value: mark.value, mask: mark.value | mark.mask)
        case "and-mark": operation = .set(value: 0, mask: ~(try argument.uint32()))
        case "or-mark":
            let bits = try argument.uint32()
            operation = .set(value: bits, mask: bits)
        case "xor-mark": operation = .set(value: try argument.uint32(), mask: 0)
        case "save-mark": operation = .save(connectionMask: .max, packetMask: .max)
        case "restore-mark": operation = .restore(connectionMask: .max, packetMask: .max)
        case "left-shift-mark": shift = .left(try argument.uint8(max: 32))
        case "right-shift-mark": shift = .right(try argument.uint8(max: 32))
        case "ctmask": connectionMask = try argument.uint32()
        case "nfmask": packetMask = try argument.uint32()
        default:
            connectionMask = try argument.uint32()
            packetMask = connectionMask
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        guard connmarkOperations.contains(where: { context.given.contains($0) }) else {
            throw context.refuse("CONNMARK: an action is required")
        }
        let hasMask = !context.given.isDisjoint(with: ["mask", "ctmask", "nfmask"])
        switch operation {
        case .save:
            return .connmark(
                ConnmarkTarget(.save(connectionMask: connectionMask, packetMask: packetMask), shift: shift))
        case .restore:
            return .connmark(
                ConnmarkTarget(.restore(connectionMask: connectionMask, packetMask: packetMask), shift: shift)
            )
        case .set:
            guard !hasMask else { throw context.refuse("CONNMARK: masks need --save-mark or --restore-mark") }
            return .connmark(ConnmarkTarget(operation, shift: shift))
        }
    }
}

extension ConnmarkTarget {
    func write(to out: inout OptionText) {
        switch operation {
        case .set(let value, let mask): out.option("set-xmark", "\(hexText(value))/\(hexText(mask))")
        case .save(let connection, let packet):
            out.raw(" --save-mark --nfmask \(hexText(packet)) --ctmask \(hexText(connection))")
        case .restore(let connection, let packet):
            out.raw(" --restore-mark --nfmask \(hexText(packet)) --ctmask \(hexText(connection))")
        }
        switch shift {
        case .left(0), .right(0): break
        case .left(let bits): out.option("left-shift-mark", bits)
        case .right(let bits): out.option("right-shift-mark", bits)
        }
    }
}

private let connmarkOperations = [
    "set-xmark", "set-mark", "and-mark", "or-mark", "xor-mark", "save-mark", "restore-mark",
]
