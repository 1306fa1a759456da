import CPcap

/// A live capture that libpcap refused or lost.
public struct LiveCaptureError: Error, Hashable, Sendable, CustomStringConvertible {
    public var device: String
    /// libpcap's `PCAP_ERROR_…`.
    public var code: Int32
    public var reason: String

    /// The process lacks the capability to open the device (`CAP_NET_RAW`).
    public var isPermissionDenied: Bool {
        code == PCAP_ERROR_PERM_DENIED || code == PCAP_ERROR_PROMISC_PERM_DENIED
    }

    public var description: String { "\(device): \(reason)" }
}

/// How a device is opened for capture.
public struct LiveCaptureOptions: Hashable, Sendable {
    /// Bytes of each packet that are kept.
    public var snapshotLength: Int32 = 262_144
    public var promiscuous = false
    /// Deliver packets as they come instead of gathering them in the kernel's buffer.
    public var immediate = true
    /// Milliseconds to wait for packets before `next()` answers `.timeout`.
    public var timeoutMilliseconds: Int32 = 100
    /// The kernel's buffer in bytes; 0 takes libpcap's default.
    public var bufferSize: Int32 = 0
    /// A pcap filter expression that the kernel applies.
    public var filter = ""

    public init() {}
}

/// Packets from a network device, through libpcap.
///
/// One thread at a time may ask for packets; `stop()` may be called from any.
public final class LiveCapture: @unchecked Sendable {
    public enum Event {
        /// Its bytes are valid until the next call of `next()`.
        case packet(CaptureRecord)
        case timeout
        /// `stop()` was called.
        case stopped
    }

    public struct Statistics: Hashable, Sendable {
        public var received: UInt32
        /// Lost because the reader was too slow.
        public var dropped: UInt32
        public var droppedByInterface: UInt32
    }

    public let device: String
    public let linkType: LinkType
    private let handle: OpaquePointer
    private let fractionFactor: Int64
    private var packetCount: UInt64 = 0

    public init(device: String, options: LiveCaptureOptions = LiveCaptureOptions()) throws(LiveCaptureError) {
        var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        guard let handle = pcap_create(device, &message) else {
            throw LiveCaptureError(device: device, code: PCAP_ERROR, reason: Self.text(message))
        }
        pcap_set_snaplen(handle, options.snapshotLength)
        pcap_set_promisc(handle, options.promiscuous ? 1 : 0)
        pcap_set_immediate_mode(handle, options.immediate ? 1 : 0)
        pcap_set_timeout(handle, options.timeoutMilliseconds)
        if options.bufferSize > 0 { pcap_set_buffer_size(handle, options.bufferSize) }
        let nanoseconds = pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO) == 0
        let status = pcap_activate(handle)
        guard status >= 0 else {
            let detail = String(cString: pcap_geterr(handle))
            let summary = String(cString: pcap_statustostr(status))
            pcap_close(handle)
            throw LiveCaptureError(
                device: device, code: status, reason: detail.isEmpty ? summary : "\(summary): \(detail)")
        }
        self.handle = handle
        self.device = device
        linkType = LinkType(dlt: pcap_datalink(handle))
        fractionFactor = nanoseconds ? 1 : 1000
        if !options.filter.isEmpty { try install(options.filter) }
    }

    deinit { pcap_close(handle) }

    private func install(_ expression: String) throws(LiveCaptureError) {
        var program = bpf_program()
        guard pcap_compile(handle, &program, expression, 1, 0xffff_ffff) == 0 else {
            throw lastError(PCAP_ERROR)
        }
        defer { pcap_freecode(&program) }
        guard pcap_setfilter(handle, &program) == 0 else { throw lastError(PCAP_ERROR) }
    }

    /// Waits for the next packet, at most for the timeout.
    public func next() throws(LiveCaptureError) -> Event {
        var header: UnsafeMutablePointer<pcap_pkthdr>?
        var data: UnsafePointer<UInt8>?
        switch pcap_next_ex(handle, &header, &data) {
        case 1:
            guard let header, let data else { return .timeout }
            packetCount += 1
            return .packet(
                CaptureRecord(
                    bytes: UnsafeRawBufferPointer(start: data, count: Int(header.pointee.caplen)),
                    timestamp: Int64(header.pointee.ts.tv_sec) &* 1_000_000_000
                        &+ Int64(header.pointee.ts.tv_usec) &* fractionFactor,
                    number: packetCount, offset: 0, originalLength: header.pointee.len, linkType: linkType))
        case 0: return .timeout
        case PCAP_ERROR_BREAK: return .stopped
        case let code: throw lastError(code)
        }
    }

    /// Makes a `next()` that waits, or the next one, answer `.stopped`. May be called in a signal handler.
    public func stop() { pcap_breakloop(handle) }

    /// Sends a frame out of the device.
    public func send(_ frame: UnsafeRawBufferPointer) throws(LiveCaptureError) {
        guard let start = frame.baseAddress else { return }
        guard pcap_inject(handle, start, frame.count) >= 0 else { throw lastError(PCAP_ERROR) }
    }

    public func statistics() throws(LiveCaptureError) -> Statistics {
        var counts = pcap_stat()
        guard pcap_stats(handle, &counts) == 0 else { throw lastError(PCAP_ERROR) }
        return Statistics(
            received: counts.ps_recv, dropped: counts.ps_drop, droppedByInterface: counts.ps_ifdrop)
    }

    /// The names of the devices that can be opened.
    public static func devices() throws(LiveCaptureError) -> [String] {
        var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        var first: UnsafeMutablePointer<pcap_if_t>?
        guard pcap_findalldevs(&first, &message) == 0 else {
            throw LiveCaptureError(device: "any", code: PCAP_ERROR, reason: text(message))
        }
        defer { pcap_freealldevs(first) }
        var names: [String] = []
        var device = first
        while let current = device {
            names.append(String(cString: current.pointee.name))
            device = current.pointee.next
        }
        return names
    }

    private func lastError(_ code: Int32) -> LiveCaptureError {
        LiveCaptureError(device: device, code: code, reason: String(cString: pcap_geterr(handle)))
    }

    private static func text(_ message: [CChar]) -> String {
        String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
