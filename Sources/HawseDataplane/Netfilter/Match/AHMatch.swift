import HawseModel
import HawseWire

/// `-m ah` (`ah_mt`, `ah_mt6`).
struct AHOperation: MatchOperation {
    var spi: NumberRange<UInt32>
    var length: ExpectedNumber
    var checksReserved: Bool

    init(_ match: AHMatch) {
        spi = NumberRange(match.spi)
        length = ExpectedNumber(match.length)
        checksReserved = match.checksReserved
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        guard context.isIPv6 else {
            if context.packet.isLaterFragment { return false }
            guard let header = context.transport(AHHeader.length) else { return false }
            return operation.pointee.spi.contains(AHHeader(header).spi)
        }
        guard let base = context.extensionHeader(.ah, bytes: AHHeader.length) else { return false }
        let header = AHHeader(base)
        guard context.holds(base, header.headerLength) else { return false }
        let length = operation.pointee.length
        return operation.pointee.spi.contains(header.spi)
            && (length.value == 0 || length.holds(UInt32(header.headerLength)))
            && !(operation.pointee.checksReserved && header.reserved != 0)
    }
}

extension RuleContext {
    /// `ipv6_find_hdr` for one header: `nil` when it is not there; a packet too short for it is to be dropped.
    mutating func extensionHeader(_ type: IPProtocol, bytes: Int) -> UnsafeMutableRawPointer? {
        let walk = IPv6ExtensionWalk.find(type, packet.networkPointer, length: packet.length)
        switch walk.outcome {
        case .absent: return nil
        case .truncated:
            hotdrop = true
            return nil
        case .found:
            guard let header = packet.bytes(at: walk.offset, count: bytes) else {
                hotdrop = true
                return nil
            }
            return header
        }
    }

    /// Whether an extension header is in the packet as long as it says; a packet too short for that is to be dropped
    /// (since 6.18's stable releases of 2026; `srh_mt6` and `ipv6header_mt6` only do not match).
    mutating func holds(_ header: UnsafeMutableRawPointer, _ length: Int) -> Bool {
        if bytesLeft(header) < length { hotdrop = true }
        return !hotdrop
    }

    /// Bytes from a place in the packet to its end.
    func bytesLeft(_ place: UnsafeMutableRawPointer) -> Int {
        packet.length - (place - packet.networkPointer)
    }
}
