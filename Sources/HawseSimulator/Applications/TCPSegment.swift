import HawseWire

/// A TCP segment as an application's host sends and reads it.
struct TCPSegment: Hashable {
    struct Flags: OptionSet, Hashable {
        var rawValue: UInt8
        static let fin = Flags(rawValue: 1)
        static let syn = Flags(rawValue: 2)
        static let rst = Flags(rawValue: 4)
        static let psh = Flags(rawValue: 8)
        static let ack = Flags(rawValue: 16)
    }

    var sequence: UInt32
    var acknowledgement: UInt32 = 0
    var flags: Flags
    var window: UInt16 = 64240
    /// The option of a SYN; 0: none.
    var maximumSegment: UInt16 = 0
    var payload: [UInt8] = []

    /// What it takes of the sequence space.
    var length: UInt32 {
        UInt32(truncatingIfNeeded: payload.count) &+ (flags.contains(.syn) ? 1 : 0) &+ (flags.contains(.fin) ? 1 : 0)
    }

    /// The TCP header and payload, checksum still zero.
    func bytes(from sourcePort: UInt16, to destinationPort: UInt16) -> [UInt8] {
        let options: [UInt8] =
            maximumSegment > 0 ? [2, 4, UInt8(maximumSegment >> 8), UInt8(truncatingIfNeeded: maximumSegment)] : []
        var out: [UInt8] = []
        out.reserveCapacity(20 + options.count + payload.count)
        out.append16(sourcePort)
        out.append16(destinationPort)
        out.append32(sequence)
        out.append32(acknowledgement)
        out.append(UInt8((20 + options.count) / 4) << 4)
        out.append(flags.rawValue)
        out.append16(window)
        out += [0, 0, 0, 0]
        out += options
        return out + payload
    }

    /// `nil`: cut off.
    init?(_ bytes: ArraySlice<UInt8>) {
        let at = bytes.startIndex
        guard bytes.count >= 20 else { return nil }
        let header = Int(bytes[at + 12] >> 4) * 4
        guard header >= 20, header <= bytes.count else { return nil }
        sequence = bytes.load32(at: 4)
        acknowledgement = bytes.load32(at: 8)
        flags = Flags(rawValue: bytes[at + 13] & 31)
        window = bytes.load16(at: 14)
        payload = Array(bytes[(at + header)...])
        var option = at + 20
        while option < at + header {
            let kind = bytes[option]
            if kind == 0 { break }
            if kind == 1 {
                option += 1
                continue
            }
            guard option + 1 < at + header, bytes[option + 1] >= 2 else { break }
            if kind == 2, bytes[option + 1] == 4, option + 3 < at + header {
                maximumSegment = UInt16(bytes[option + 2]) << 8 | UInt16(bytes[option + 3])
            }
            option += Int(bytes[option + 1])
        }
    }

    init(
        sequence: UInt32, acknowledgement: UInt32 = 0, flags: Flags, maximumSegment: UInt16 = 0, payload: [UInt8] = []
    ) {
        self.sequence = sequence
        self.acknowledgement = acknowledgement
        self.flags = flags
        self.maximumSegment = maximumSegment
        self.payload = payload
    }
}

extension Array where Element == UInt8 {
    mutating func append16(_ value: UInt16) {
        append(UInt8(value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    mutating func append32(_ value: UInt32) {
        append16(UInt16(value >> 16))
        append16(UInt16(truncatingIfNeeded: value))
    }

    mutating func store16(_ value: UInt16, at offset: Int) {
        self[offset] = UInt8(value >> 8)
        self[offset + 1] = UInt8(truncatingIfNeeded: value)
    }
}

extension ArraySlice where Element == UInt8 {
    func load16(at offset: Int) -> UInt16 {
        UInt16(self[startIndex + offset]) << 8 | UInt16(self[startIndex + offset + 1])
    }

    func load32(at offset: Int) -> UInt32 { UInt32(load16(at: offset)) << 16 | UInt32(load16(at: offset + 2)) }
}
