/// What stands beside a packet in pcapng: the options of its Enhanced Packet Block.
public struct PacketNote: Hashable, Sendable {
    /// The two lowest bits of `epb_flags`.
    public enum Direction: UInt32, Sendable {
        case unknown = 0
        case inbound = 1
        case outbound = 2
    }

    /// `epb_verdict`: what became of the packet, in the words of the part of Linux that judged.
    public enum Verdict: Hashable, Sendable {
        /// A return code of an eBPF program at traffic control (`TC_ACT_OK` 0, `TC_ACT_SHOT` 2, …).
        case trafficControl(UInt64)
        /// A return code of an XDP program (`XDP_DROP` 1, `XDP_PASS` 2, …).
        case xdp(UInt64)

        /// `TC_ACT_SHOT`: Wireshark shows it as a drop.
        public static let dropped = Verdict.trafficControl(2)
        public static let accepted = Verdict.trafficControl(0)
    }

    /// One `opt_comment` each; longer than 65,535 bytes of UTF-8 they are cut at a character.
    public var comments: [String]
    public var direction: Direction
    public var verdict: Verdict?
    /// `epb_packetid`: the same packet at several vantage points has the same one.
    public var packetID: UInt64?
    /// `epb_dropcount`: packets lost by the interface since the one before.
    public var dropCount: UInt64?

    public init(
        comments: [String] = [], direction: Direction = .unknown, verdict: Verdict? = nil,
        packetID: UInt64? = nil, dropCount: UInt64? = nil
    ) {
        self.comments = comments
        self.direction = direction
        self.verdict = verdict
        self.packetID = packetID
        self.dropCount = dropCount
    }

    /// Bytes that ``encode(at:)`` writes; 0 when there is nothing to say.
    var encodedLength: Int {
        var length = 0
        for comment in comments { length += 4 + ((OptionBytes.length(of: comment) + 3) & ~3) }
        if direction != .unknown { length += 8 }
        if dropCount != nil { length += 12 }
        if packetID != nil { length += 12 }
        if verdict != nil { length += 16 }
        return length == 0 ? 0 : length + 4
    }

    /// Writes the options and `opt_endofopt`.
    func encode(at start: UnsafeMutableRawPointer) {
        var position = start
        func option(_ code: UInt16, _ length: Int) -> UnsafeMutableRawPointer {
            position.storeLittle16(code, 0)
            position.storeLittle16(UInt16(length), 2)
            let value = position + 4
            position = value + ((length + 3) & ~3)
            return value
        }
        for comment in comments {
            let length = OptionBytes.length(of: comment)
            let value = option(1, length)
            if length > 0 { value.storeLittle32(0, ((length + 3) & ~3) - 4) }
            var text = comment
            text.withUTF8 { utf8 in
                if let bytes = utf8.baseAddress { value.copyMemory(from: bytes, byteCount: length) }
            }
        }
        if direction != .unknown { option(2, 4).storeLittle32(direction.rawValue, 0) }
        if let dropCount { option(4, 8).storeLittle64(dropCount, 0) }
        if let packetID { option(5, 8).storeLittle64(packetID, 0) }
        if let verdict {
            let value = option(7, 9)
            value.storeLittle32(0, 8)
            switch verdict {
            case .trafficControl(let code):
                value.storeBytes(of: 1, as: UInt8.self)
                value.storeLittle64(code, 1)
            case .xdp(let code):
                value.storeBytes(of: 2, as: UInt8.self)
                value.storeLittle64(code, 1)
            }
        }
        if position != start { position.storeLittle32(0, 0) }
    }
}

/// Options of the blocks that are written rarely, composed in an array.
struct OptionBytes {
    private var bytes: [UInt8] = []

    /// A string's length as an option: 16 bits bound it, and no character is torn.
    static func length(of text: String) -> Int {
        let utf8 = text.utf8
        guard utf8.count > 65_535 else { return utf8.count }
        var end = utf8.index(utf8.startIndex, offsetBy: 65_535)
        var length = 65_535
        while utf8[end] & 0xc0 == 0x80 {
            end = utf8.index(before: end)
            length -= 1
        }
        return length
    }

    mutating func append(_ code: UInt16, _ text: String) {
        append(code, bytes: text.utf8.prefix(Self.length(of: text)))
    }

    mutating func append(_ code: UInt16, ifNotEmpty text: String) {
        if !text.isEmpty { append(code, text) }
    }

    mutating func append(_ code: UInt16, bytes value: some Collection<UInt8>) {
        bytes.appendLittle16(code)
        bytes.appendLittle16(UInt16(value.count))
        bytes.append(contentsOf: value)
        bytes.appendPadding()
    }

    /// The options with `opt_endofopt`; nothing when there are none.
    var finished: [UInt8] { bytes.isEmpty ? [] : bytes + [0, 0, 0, 0] }
}

extension [UInt8] {
    mutating func appendLittle16(_ value: UInt16) {
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value >> 8))
    }

    mutating func appendLittle32(_ value: UInt32) {
        appendLittle16(UInt16(truncatingIfNeeded: value))
        appendLittle16(UInt16(truncatingIfNeeded: value >> 16))
    }

    mutating func appendPadding() {
        while count & 3 != 0 { append(0) }
    }
}
