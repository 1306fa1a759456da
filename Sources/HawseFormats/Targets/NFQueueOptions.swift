import HawseModel
import HawseWire

/// `-j NFQUEUE`
struct NFQueueOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("queue-num", excludes: ["queue-balance"]),
        .init("queue-balance", excludes: ["queue-num"]),
        .init("queue-bypass", arguments: .none),
        .init("queue-cpu-fanout", arguments: .none),
    ]

    var target = NFQueueTarget()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "queue-num": target.first = try argument.uint16()
        case "queue-balance":
            let (first, last) = try argument.range(max: 65535)
            guard first < last else { throw argument.refuse("\(first) should be less than \(last)") }
            target.first = UInt16(first)
            // The kernel's count has 16 bits and so must its sum with the first.
            guard let count = UInt16(exactly: last - first + 1) else { throw argument.bad("too many queues") }
            target.count = count
        case "queue-bypass": target.bypass = true
        default: target.cpuFanout = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        guard !target.cpuFanout || context.given.contains("queue-balance") else {
            throw context.refuse("NFQUEUE: --queue-cpu-fanout needs --queue-balance")
        }
        return .nfqueue(target)
    }
}

extension NFQueueTarget {
    func write(to out: inout OptionText) {
        if count > 1 {
            out.option("queue-balance", "\(first):\(UInt32(first) + UInt32(count) - 1)")
        } else {
            out.option("queue-num", first)
        }
        if bypass { out.flag("queue-bypass") }
        if cpuFanout { out.flag("queue-cpu-fanout") }
    }
}
