/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), SCTP's checksum (RFC 9260 appendix A).
public enum CRC32C {
    /// Eight tables of 256 words: table k has the CRC of a byte followed by k zero bytes.
    private static let tables: [UInt32] = {
        var t = [UInt32](repeating: 0, count: 8 * 256)
        for i in 0..<256 {
            var crc = UInt32(i)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
            t[i] = crc
        }
        for i in 256..<t.count {
            let shorter = t[i - 256]
            t[i] = t[Int(shorter & 0xff)] ^ shorter >> 8
        }
        return t
    }()

    /// Continues a raw CRC register (start with all ones, complement at the end) over `count` bytes.
    public static func update(_ register: UInt32, _ pointer: UnsafeRawPointer, count: Int) -> UInt32 {
        tables.withUnsafeBufferPointer { t in
            var crc = register
            var offset = 0
            while count - offset >= 8 {
                let low = pointer.loadLE32(at: offset) ^ crc
                let high = pointer.loadLE32(at: offset + 4)
                crc =
                    t[1792 + Int(low & 0xff)] ^ t[1536 + Int(low >> 8 & 0xff)]
                    ^ t[1280 + Int(low >> 16 & 0xff)] ^ t[1024 + Int(low >> 24)]
                crc ^=
                    t[768 + Int(high & 0xff)] ^ t[512 + Int(high >> 8 & 0xff)]
                    ^ t[256 + Int(high >> 16 & 0xff)] ^ t[Int(high >> 24)]
                offset += 8
            }
            while offset < count {
                crc = t[Int((crc ^ UInt32(pointer.load8(at: offset))) & 0xff)] ^ crc >> 8
                offset += 1
            }
            return crc
        }
    }

    /// The CRC of `count` bytes.
    public static func checksum(_ pointer: UnsafeRawPointer, count: Int) -> UInt32 {
        ~update(.max, pointer, count: count)
    }

    /// The CRC of an SCTP packet with its checksum field (offset 8, little endian) taken as zero.
    public static func sctpChecksum(_ packet: UnsafeRawPointer, length: Int) -> UInt32? {
        guard length >= 12 else { return nil }
        var crc = update(.max, packet, count: 8)
        var zero: UInt32 = 0
        crc = withUnsafeBytes(of: &zero) { bytes in
            bytes.baseAddress.map { update(crc, $0, count: 4) } ?? crc
        }
        return ~update(crc, packet + 12, count: length - 12)
    }
}
