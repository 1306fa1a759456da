/// Numbers and IPv4 addresses written as ASCII, without a string in between. Each function returns how many bytes it wrote;
/// the caller sees to the room.
public enum DecimalText {
    /// Up to 20 bytes.
    @inlinable
    public static func write(_ number: UInt64, _ place: UnsafeMutablePointer<UInt8>) -> Int {
        if number < 10 {
            place[0] = 0x30 + UInt8(truncatingIfNeeded: number)
            return 1
        }
        var count = 1
        var bound: UInt64 = 10
        while number >= bound {
            count += 1
            let (next, overflow) = bound.multipliedReportingOverflow(by: 10)
            if overflow { break }
            bound = next
        }
        var rest = number
        for position in (0..<count).reversed() {
            place[position] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        return count
    }

    /// A host-order number as a dotted quad: up to 15 bytes.
    @inlinable
    public static func writeIPv4(_ value: UInt32, _ place: UnsafeMutablePointer<UInt8>) -> Int {
        var count = 0
        for index in 0..<4 {
            if count > 0 {
                place[count] = UInt8(ascii: ".")
                count += 1
            }
            count += write(UInt64(value >> UInt32(24 - 8 * index) & 255), place + count)
        }
        return count
    }

    /// `10.0.0.1:80`: up to 21 bytes.
    @inlinable
    public static func writeIPv4(_ value: UInt32, port: UInt16, _ place: UnsafeMutablePointer<UInt8>) -> Int {
        var count = writeIPv4(value, place)
        place[count] = UInt8(ascii: ":")
        count += 1
        return count + write(UInt64(port), place + count)
    }
}
