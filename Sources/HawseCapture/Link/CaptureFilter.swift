import CPcap

/// A filter expression that libpcap would not compile, with libpcap's reason.
public struct CaptureFilterError: Error, Hashable, Sendable, CustomStringConvertible {
    public var expression: String
    public var linkType: LinkType
    public var reason: String

    public var description: String { "filter '\(expression)' for link type \(linkType): \(reason)" }
}

/// A pcap filter expression (`tcp port 80`, see pcap-filter(7)) compiled by libpcap for one link type.
///
/// Immutable once made, so that threads may share it. The empty expression matches every packet.
public final class CaptureFilter: @unchecked Sendable {
    public let expression: String
    public let linkType: LinkType
    // Written in `init` and `deinit` only; `pcap_offline_filter` reads it.
    private let program: UnsafeMutablePointer<bpf_program>

    public init(_ expression: String, linkType: LinkType = .ethernet) throws(CaptureFilterError) {
        guard let handle = pcap_open_dead(linkType.dlt, 262_144) else {
            throw CaptureFilterError(
                expression: expression, linkType: linkType, reason: "libpcap: out of memory")
        }
        defer { pcap_close(handle) }
        let program = UnsafeMutablePointer<bpf_program>.allocate(capacity: 1)
        program.initialize(to: bpf_program())
        // PCAP_NETMASK_UNKNOWN: `ip broadcast` cannot be compiled without an interface.
        guard pcap_compile(handle, program, expression, 1, 0xffff_ffff) == 0 else {
            let reason = String(cString: pcap_geterr(handle))
            program.deallocate()
            throw CaptureFilterError(expression: expression, linkType: linkType, reason: reason)
        }
        self.program = program
        self.expression = expression
        self.linkType = linkType
    }

    deinit {
        pcap_freecode(program)
        program.deallocate()
    }

    /// Whether a packet matches; `originalLength` is what `len` and `greater` in the expression look at.
    public func matches(_ bytes: UnsafeRawBufferPointer, originalLength: UInt32) -> Bool {
        guard let start = bytes.baseAddress else { return matchesEmpty(originalLength) }
        var header = pcap_pkthdr()
        header.caplen = UInt32(truncatingIfNeeded: bytes.count)
        header.len = originalLength
        return pcap_offline_filter(program, &header, start.assumingMemoryBound(to: UInt8.self)) != 0
    }

    private func matchesEmpty(_ originalLength: UInt32) -> Bool {
        var header = pcap_pkthdr()
        header.len = originalLength
        var nothing: UInt8 = 0
        return pcap_offline_filter(program, &header, &nothing) != 0
    }
}

/// One expression over captures that mix link types: compiled for each type when its first packet comes.
public struct CaptureFilterSet {
    public let expression: String
    private var filters: [CaptureFilter]

    /// Compiles for Ethernet at once, so that a wrong expression is refused before any packet is read.
    public init(_ expression: String) throws(CaptureFilterError) {
        self.expression = expression
        filters = [try CaptureFilter(expression)]
    }

    /// Throws when the expression has no meaning for the record's link type, such as `ether host` for raw IP.
    public mutating func matches(_ record: CaptureRecord) throws(CaptureFilterError) -> Bool {
        for index in filters.indices where filters[index].linkType == record.linkType {
            return filters[index].matches(record.bytes, originalLength: record.originalLength)
        }
        let filter = try CaptureFilter(expression, linkType: record.linkType)
        filters.append(filter)
        return filter.matches(record.bytes, originalLength: record.originalLength)
    }
}
