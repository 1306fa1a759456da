import Testing

@testable import HawseWire

/// One field of a header as its RFC draws it, and how the lens reaches it.
struct FieldCase: Sendable {
    let name: String
    let bit: Int
    let width: Int
    let get: @Sendable (UnsafeMutableRawPointer) -> UInt64
    let set: @Sendable (UnsafeMutableRawPointer, UInt64) -> Void

    init<V: FixedWidthInteger & Sendable>(
        _ name: String, _ bit: Int, _ width: Int,
        _ get: @escaping @Sendable (UnsafeMutableRawPointer) -> V,
        _ set: @escaping @Sendable (UnsafeMutableRawPointer, V) -> Void
    ) {
        self.name = name
        self.bit = bit
        self.width = width
        self.get = { UInt64(get($0)) }
        self.set = { set($0, V(truncatingIfNeeded: $1)) }
    }

    init(
        flag name: String, _ bit: Int, _ get: @escaping @Sendable (UnsafeMutableRawPointer) -> Bool,
        _ set: @escaping @Sendable (UnsafeMutableRawPointer, Bool) -> Void
    ) {
        self.init(name, bit, 1, { get($0) ? UInt8(1) : 0 }, { set($0, $1 & 1 == 1) })
    }

    /// The two halves of a 128-bit address.
    static func address(
        _ name: String, _ bit: Int, _ get: @escaping @Sendable (UnsafeMutableRawPointer) -> AddressBits,
        _ set: @escaping @Sendable (UnsafeMutableRawPointer, AddressBits) -> Void
    ) -> [FieldCase] {
        [
            FieldCase(
                name + ".high", bit, 64, { get($0).high },
                { set($0, AddressBits(high: $1, low: get($0).low)) }),
            FieldCase(
                name + ".low", bit + 64, 64, { get($0).low },
                { set($0, AddressBits(high: get($0).high, low: $1)) }),
        ]
    }
}

struct HeaderCase: Sendable, CustomTestStringConvertible {
    let name: String
    let length: Int
    let fields: [FieldCase]
    var testDescription: String { name }
}

@Suite struct HeaderFieldTests {
    @Test(arguments: linkHeaders + networkHeaders + transportHeaders + tunnelHeaders)
    func everyFieldStandsWhereItsRFCPutsIt(_ header: HeaderCase) {
        var random = SplitMix(state: 0x6861_7773)
        for _ in 0..<200 {
            let bytes = random.bytes(header.length)
            for field in header.fields {
                let expected = bitField(bytes, field.bit, field.width)
                var read: UInt64?
                let untouched = mutating(bytes) { read = field.get($0) }
                #expect(read == expected, "\(field.name)")
                #expect(untouched == bytes)

                let mask = field.width == 64 ? UInt64.max : 1 << UInt64(field.width) - 1
                let value = random.next() & mask
                let written = mutating(bytes) { field.set($0, value) }
                #expect(written == replacingBits(bytes, field.bit, field.width, value), "\(field.name)")
            }
        }
    }
}
