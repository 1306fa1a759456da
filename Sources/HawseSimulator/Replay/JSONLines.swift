import HawseDataplane
import HawseModel
import HawseWire

/// Lines of JSON as bytes in one buffer that is used again and again: no string, array or encoder in between, so that a trace
/// of millions of events does not hold up the walk that makes them.
public struct JSONLines: ~Copyable {
    private var bytes: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    public private(set) var count = 0

    public init(capacity: Int = 1 << 20) {
        self.capacity = max(capacity, 1 << 12)
        bytes = .allocate(capacity: self.capacity)
    }

    deinit { bytes.deallocate() }

    public var isEmpty: Bool { count == 0 }

    /// What has been written; valid during the call.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    public mutating func removeAll() { count = 0 }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if count &+ more > capacity { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: max(capacity * 2, count + more))
        larger.update(from: bytes, count: count)
        bytes.deallocate()
        bytes = larger
        capacity = max(capacity * 2, count + more)
    }

    // MARK: Pieces

    /// ASCII that needs no escape.
    @inline(__always)
    mutating func raw(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        reserve(length)
        (bytes + count).update(from: text.utf8Start, count: length)
        count &+= length
    }

    mutating func number(_ value: UInt64) {
        reserve(20)
        count &+= DecimalText.write(value, bytes + count)
    }

    mutating func number(_ value: Int64) {
        if value < 0 { raw("-") }
        number(value.magnitude)
    }

    /// A string in quotes, escaped.
    mutating func quoted(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            // The longest escape is six bytes.
            reserve(utf8.count &* 6 &+ 2)
            var place = count
            bytes[place] = 0x22
            place &+= 1
            for byte in utf8 {
                if byte >= 0x20, byte != 0x22, byte != 0x5c {
                    bytes[place] = byte
                    place &+= 1
                } else {
                    place &+= Self.escape(byte, bytes + place)
                }
            }
            bytes[place] = 0x22
            count = place &+ 1
        }
    }

    private static func escape(_ byte: UInt8, _ place: UnsafeMutablePointer<UInt8>) -> Int {
        place[0] = 0x5c
        switch byte {
        case 0x22, 0x5c: place[1] = byte
        case 0x0a: place[1] = UInt8(ascii: "n")
        case 0x0d: place[1] = UInt8(ascii: "r")
        case 0x09: place[1] = UInt8(ascii: "t")
        default:
            place[1] = UInt8(ascii: "u")
            place[2] = 0x30
            place[3] = 0x30
            place[4] = 0x30 + (byte >> 4)
            place[5] = (byte & 15) < 10 ? 0x30 + (byte & 15) : 0x57 + (byte & 15)
            return 6
        }
        return 2
    }

    @inline(__always)
    mutating func set(_ key: StaticString, _ value: String) {
        raw(key)
        quoted(value)
    }
}
