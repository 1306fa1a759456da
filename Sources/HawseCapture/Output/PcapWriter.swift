/// Writes classic pcap files, little-endian, for one link type.
///
/// `close()` must be called: it writes the rest and gives the file its name.
public struct PcapWriter: ~Copyable, @unchecked Sendable {
    public enum Precision: Sendable { case microseconds, nanoseconds }

    /// The longest packet a record takes: libpcap's largest snapshot length for the common link types.
    public static let maximumCapturedLength = 262_144

    private var output: CaptureOutput
    private let fractionDivisor: Int64
    private let limit: Int
    public private(set) var packetCount: UInt64 = 0

    /// `snapshotLength` goes into the header; packets longer than that are cut to it.
    public init(
        to destination: CaptureDestination, linkType: LinkType = .ethernet,
        precision: Precision = .nanoseconds,
        snapshotLength: Int = PcapWriter.maximumCapturedLength
    ) throws(CaptureWriteError) {
        let limit = min(max(snapshotLength, 1), Self.maximumCapturedLength)
        var output = try CaptureOutput(destination)
        let header = try output.reserve(24)
        header.storeLittle32(precision == .nanoseconds ? 0xa1b2_3c4d : 0xa1b2_c3d4, 0)
        header.storeLittle32(4 << 16 | 2, 4)
        header.storeLittle32(0, 8)
        header.storeLittle32(0, 12)
        header.storeLittle32(UInt32(limit), 16)
        header.storeLittle32(UInt32(linkType.rawValue), 20)
        output.commit(24)
        self.output = output
        self.limit = limit
        fractionDivisor = precision == .nanoseconds ? 1 : 1000
    }

    /// `timestamp`: nanoseconds since 1970, held within the 32 bits that the format has for seconds.
    public mutating func write(
        _ bytes: UnsafeRawBufferPointer, timestamp: Int64, originalLength: UInt32? = nil
    ) throws(CaptureWriteError) {
        let captured = min(bytes.count, limit)
        let record = try output.reserve(16 + captured)
        let time = min(max(timestamp, 0), Int64(UInt32.max) &* 1_000_000_000 &+ 999_999_999)
        let (seconds, nanoseconds) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
        record.storeLittle32(UInt32(truncatingIfNeeded: seconds), 0)
        record.storeLittle32(
            UInt32(truncatingIfNeeded: fractionDivisor == 1 ? nanoseconds : nanoseconds / 1000), 4)
        record.storeLittle32(UInt32(truncatingIfNeeded: captured), 8)
        record.storeLittle32(originalLength ?? UInt32(clamping: bytes.count), 12)
        if let start = bytes.baseAddress { (record + 16).copyMemory(from: start, byteCount: captured) }
        output.commit(16 + captured)
        packetCount &+= 1
    }

    /// Writes what is buffered, for readers that follow a pipe.
    public mutating func flush() throws(CaptureWriteError) { try output.flush() }

    /// Writes the rest, closes, and gives the file its name. A second call does nothing.
    public mutating func close() throws(CaptureWriteError) { try output.close() }

    /// The bytes written to `.memory` since the last call.
    public mutating func takeBytes() -> [UInt8] { output.takeBytes() }
}

extension UnsafeMutableRawPointer {
    @inline(__always) func storeLittle16(_ value: UInt16, _ offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt16.self)
    }

    @inline(__always) func storeLittle32(_ value: UInt32, _ offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
    }

    @inline(__always) func storeLittle64(_ value: UInt64, _ offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self)
    }
}
