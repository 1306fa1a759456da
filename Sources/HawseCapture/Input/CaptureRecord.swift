/// One captured packet, as a view into the reader's memory.
///
/// `bytes` and `options` are valid until the reader that gave the record is asked for the next one or goes
/// away. A record fills one cache line.
@frozen
public struct CaptureRecord {
    /// The captured bytes, link-layer header first.
    public let bytes: UnsafeRawBufferPointer
    /// Nanoseconds since 1970-01-01 UTC; 0 where the file has no timestamp (Simple Packet Block).
    public let timestamp: Int64
    /// The packet's number in its file, counted from 1.
    public let number: UInt64
    /// Where the packet's record or block begins, in bytes from the beginning of the (decompressed) file.
    public let offset: UInt64
    /// Bytes the packet had on the wire; more than `bytes.count` when it was cut.
    public let originalLength: UInt32
    /// Index into the reader's `interfaces`; counts on over the sections of a file.
    public let interfaceIndex: UInt32
    /// Bytes of pcapng options, which follow the packet's padding.
    @usableFromInline let optionsLength: UInt32
    public let linkType: LinkType
    @usableFromInline let swapped: Bool

    @inlinable @inline(__always)
    init(
        bytes: UnsafeRawBufferPointer, timestamp: Int64, number: UInt64, offset: UInt64,
        originalLength: UInt32,
        linkType: LinkType, interfaceIndex: UInt32 = 0, optionsLength: Int = 0, swapped: Bool = false
    ) {
        self.bytes = bytes
        self.timestamp = timestamp
        self.number = number
        self.offset = offset
        self.originalLength = originalLength
        self.interfaceIndex = interfaceIndex
        self.optionsLength = UInt32(truncatingIfNeeded: optionsLength)
        self.linkType = linkType
        self.swapped = swapped
    }

    /// The raw pcapng options of the packet's block; empty for classic files. See ``comments``.
    public var options: UnsafeRawBufferPointer {
        guard optionsLength > 0, let start = bytes.baseAddress else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(start: start + ((bytes.count + 3) & ~3), count: Int(optionsLength))
    }

    /// The packet's comments (`opt_comment`), in file order. Malformed options end the list.
    public var comments: [String] {
        var found: [String] = []
        var options = PcapngOptions(options, swapped: swapped)
        while let option = options.next() {
            if option.code == PcapngOptions.comment {
                found.append(String(decoding: option.value, as: UTF8.self))
            }
        }
        return found
    }

    /// `epb_flags`, 0 when absent: the lowest two bits are 1 for inbound and 2 for outbound.
    public var flags: UInt32 {
        var options = PcapngOptions(options, swapped: swapped)
        while let option = options.next() {
            if option.code == PcapngOptions.flags, option.value.count == 4 {
                return options.read32(option.value, 0)
            }
        }
        return 0
    }
}

/// Walks the options of a pcapng block: code, length, value padded to four bytes, until `opt_endofopt`.
struct PcapngOptions {
    static let comment: UInt16 = 1
    static let flags: UInt16 = 2

    private let bytes: UnsafeRawBufferPointer
    private let swapped: Bool
    private var position = 0
    /// Set when an option ran over the end of its block.
    private(set) var overrun = false

    init(_ bytes: UnsafeRawBufferPointer, swapped: Bool) {
        self.bytes = bytes
        self.swapped = swapped
    }

    mutating func next() -> (code: UInt16, value: UnsafeRawBufferPointer)? {
        guard bytes.count - position >= 4 else { return nil }
        let code = read16(bytes, position)
        let length = Int(read16(bytes, position + 2))
        guard code != 0 else { return nil }
        guard bytes.count - position - 4 >= length else {
            overrun = true
            return nil
        }
        let value = UnsafeRawBufferPointer(rebasing: bytes[(position + 4)..<(position + 4 + length)])
        position = min(bytes.count, position + 4 + ((length + 3) & ~3))
        return (code, value)
    }

    func read16(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt16 {
        let value = bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
        return swapped ? value.byteSwapped : value
    }

    func read32(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
        let value = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return swapped ? value.byteSwapped : value
    }

    func read64(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        let value = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        return swapped ? value.byteSwapped : value
    }
}
