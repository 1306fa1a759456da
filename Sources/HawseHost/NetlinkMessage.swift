import HawseWire

/// One answer: the fixed header of its kind (`ifinfomsg`, `rtmsg` …) and attributes, all in the host's byte order but for
/// addresses and ports.
struct NetlinkMessage {
    let header: [UInt8]
    let attributes: NetlinkAttributes

    init?(_ bytes: UnsafeRawBufferPointer, headerLength: Int) {
        guard bytes.count >= headerLength else { return nil }
        header = Array(bytes[..<headerLength])
        attributes = NetlinkAttributes(Array(bytes[min((headerLength + 3) & ~3, bytes.count)...]))
    }

    func byte(_ offset: Int) -> UInt8 { header[offset] }
    func integer<Value: FixedWidthInteger>(_ offset: Int, _ type: Value.Type = Value.self) -> Value {
        header.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }
}

/// Attributes (`nlattr`): length, type, value, each padded to four bytes. What lies about its length ends the list.
struct NetlinkAttributes {
    private(set) var all: [(type: Int, value: [UInt8])] = []

    init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while rest.count >= 4 {
            let (length, type) = rest.withUnsafeBytes {
                (Int($0.loadUnaligned(as: UInt16.self)), Int($0.loadUnaligned(fromByteOffset: 2, as: UInt16.self) & 0x3fff))
            }
            guard length >= 4, length <= rest.count else { return }
            all.append((type, Array(rest.dropFirst(4).prefix(length - 4))))
            rest = rest.dropFirst((length + 3) & ~3)
        }
    }

    func bytes(_ type: Int) -> [UInt8]? { all.last { $0.type == type }?.value }
    func nested(_ type: Int) -> NetlinkAttributes? { bytes(type).map(NetlinkAttributes.init) }

    /// In the host's byte order; `nil` when it is absent or of another size.
    func integer<Value: FixedWidthInteger>(_ type: Int, _ as: Value.Type = Value.self) -> Value? {
        guard let bytes = bytes(type), bytes.count == MemoryLayout<Value>.size else { return nil }
        return bytes.withUnsafeBytes { $0.loadUnaligned(as: Value.self) }
    }

    func flag(_ type: Int) -> Bool { integer(type, UInt8.self).map { $0 != 0 } ?? false }
    func address(_ type: Int) -> IPAddress? { bytes(type).flatMap { IPAddress(bytes: $0) } }
    func string(_ type: Int) -> String? { bytes(type).map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) } }

    func mac(_ type: Int) -> MACAddress? {
        guard let bytes = bytes(type), bytes.count == 6 else { return nil }
        return MACAddress(bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }
}
