@testable import HawseWire

/// SplitMix64: the tests' own source of numbers, the same in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}

/// Bits `offset ..< offset + width` of a byte string, numbered as RFC diagrams do.
func bitField(_ bytes: [UInt8], _ offset: Int, _ width: Int) -> UInt64 {
    (offset..<offset + width).reduce(0) { $0 << 1 | UInt64(bytes[$1 / 8] >> UInt8(7 - $1 % 8) & 1) }
}

/// The byte string with those bits replaced.
func replacingBits(_ bytes: [UInt8], _ offset: Int, _ width: Int, _ value: UInt64) -> [UInt8] {
    var out = bytes
    for i in 0..<width {
        let bit = UInt8(truncatingIfNeeded: value >> UInt64(width - 1 - i) & 1)
        let shift = UInt8(7 - (offset + i) % 8)
        out[(offset + i) / 8] = out[(offset + i) / 8] & ~(1 << shift) | bit << shift
    }
    return out
}

/// Runs `body` on an unaligned copy of the bytes and returns what it left there.
func mutating(_ bytes: [UInt8], _ body: (UnsafeMutableRawPointer) -> Void) -> [UInt8] {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes.count + 1, alignment: 16)
    defer { memory.deallocate() }
    let start = memory + 1
    start.copyMemory(from: bytes, byteCount: bytes.count)
    body(start)
    return [UInt8](UnsafeRawBufferPointer(start: start, count: bytes.count))
}

/// Runs `body` on the bytes' address, which is a readable one for no bytes too.
func reading<T>(_ bytes: [UInt8], _ body: (UnsafeRawPointer) -> T) -> T {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes.count + 1, alignment: 16)
    defer { memory.deallocate() }
    memory.copyMemory(from: bytes, byteCount: bytes.count)
    return body(UnsafeRawPointer(memory))
}

func hexBytes(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
