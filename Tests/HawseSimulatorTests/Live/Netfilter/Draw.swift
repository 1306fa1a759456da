import HawseModel

/// Choices by chance, repeatable by seed.
final class Draw {
    private var stream: RandomStream

    init(seed: UInt64) { stream = RandomStream(seed: seed, purpose: "live-netfilter") }

    func below(_ bound: Int) -> Int { Int(stream.below(UInt32(bound))) }
    func between(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }
    func oneIn(_ count: Int) -> Bool { below(count) == 0 }
    func percent(_ share: Int) -> Bool { below(100) < share }
    func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }
    func byte() -> UInt8 { UInt8(below(256)) }
    func word() -> UInt32 { stream.nextUInt32() }
    func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }
    func hex(_ value: Int) -> String { "0x" + String(value, radix: 16) }

    /// `! ` now and then.
    var not: String { oneIn(5) ? "! " : "" }

    func shuffled<Value>(_ values: [Value]) -> [Value] {
        var result = values
        for i in result.indices.dropLast() { result.swapAt(i, i + below(result.count - i)) }
        return result
    }
}
