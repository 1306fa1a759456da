/// The way through an IPv6 packet's extension headers to its upper protocol.
///
/// All offsets are bytes from the IPv6 header's start; `length` is the bytes from there to the packet's end.
/// The walk ends with the packet, since every header is at least 8 bytes long.
@frozen
public struct IPv6ExtensionWalk: Sendable {
    /// How a walk ended.
    @frozen
    public enum Outcome: UInt8, Sendable {
        /// `protocolNumber` and `offset` are set.
        case found
        /// The header looked for is not there (`-ENOENT`).
        case absent
        /// The packet ended within the headers (`-EBADMSG`).
        case truncated
    }

    public var outcome: Outcome
    /// The upper protocol. In a later fragment: what the fragment header says is the upper protocol.
    public var protocolNumber: IPProtocol
    /// Where the upper protocol starts. In a later fragment: where the fragment header stands.
    public var offset: Int
    /// Where the byte that names the upper protocol stands, for a rewrite of it: 6 without extension headers.
    public var nextHeaderOffset: Int
    /// Where the fragment header is, or 0.
    public var fragmentHeaderOffset: Int
    /// The fragment header's offset field: 13 bits offset, two reserved bits, M; 0 without a fragment header.
    public var fragmentField: UInt16
    /// The fragment header's identification; 0 without one.
    public var fragmentIdentification: UInt32
    /// Headers passed on the way.
    public var seen: IPv6HeaderSet

    @inlinable @inline(__always) public var hasFragmentHeader: Bool { fragmentHeaderOffset != 0 }
    /// The fragment's offset in bytes.
    @inlinable @inline(__always) public var fragmentOffset: Int { Int(fragmentField & 0xfff8) }
    @inlinable @inline(__always) public var moreFragments: Bool { fragmentField & 1 != 0 }
    /// A fragment without the upper protocol's header.
    @inlinable @inline(__always) public var isLaterFragment: Bool { fragmentField & 0xfff8 != 0 }

    @inlinable @inline(__always)
    init(protocolNumber: IPProtocol, offset: Int, nextHeaderOffset: Int) {
        outcome = .found
        self.protocolNumber = protocolNumber
        self.offset = offset
        self.nextHeaderOffset = nextHeaderOffset
        fragmentHeaderOffset = 0
        fragmentField = 0
        fragmentIdentification = 0
        seen = []
    }

    /// `ipv6_ext_hdr`: hop-by-hop, routing, fragment, AH, none, destination options.
    @inlinable @inline(__always)
    public static func isExtension(_ protocolNumber: IPProtocol) -> Bool {
        switch protocolNumber {
        case .hopByHop, .routing, .fragment, .ah, .noNextHeader, .destinationOptions: true
        default: false
        }
    }

    /// Bytes of the extension header of this type at `offset`, of which two bytes are there.
    @inlinable @inline(__always)
    static func headerLength(_ type: IPProtocol, _ packet: UnsafeRawPointer, at offset: Int) -> Int {
        let units = Int(packet.load8(at: offset + 1))
        switch type {
        case .fragment: return 8
        case .ah: return (units + 2) * 4
        default: return (units + 1) * 8
        }
    }

    /// Reads the fragment header at `offset` into the result; false when the packet ends before its offset
    /// field.
    @inlinable @inline(__always)
    mutating func readFragment(_ packet: UnsafeRawPointer, length: Int) -> Bool {
        guard length &- offset >= 4 else { return false }
        fragmentHeaderOffset = offset
        fragmentField = packet.loadBE16(at: offset + 2)
        if length &- offset >= 8 { fragmentIdentification = packet.loadBE32(at: offset + 4) }
        return true
    }

    /// Steps behind the extension header at `offset`.
    @inlinable @inline(__always)
    mutating func advance(_ packet: UnsafeRawPointer) {
        let size = Self.headerLength(protocolNumber, packet, at: offset)
        seen.insert(IPv6HeaderSet(protocolNumber))
        nextHeaderOffset = offset
        protocolNumber = packet.loadProtocol(at: offset)
        offset &+= size
    }

    /// Whether what `ipv6_find_hdr` reads of a header is there: two bytes, of a routing header four.
    @inlinable @inline(__always)
    func isReadable(_ length: Int) -> Bool { length &- offset >= (protocolNumber == .routing ? 4 : 2) }

    /// `ipv6_find_hdr` without a target: what ip6tables, conntrack and IPVS call the packet's protocol. 40
    /// bytes of IPv6 header must be there. Both a packet that ends with "no next header" and a later fragment
    /// are `found`.
    @inlinable
    public static func find(_ packet: UnsafeRawPointer, length: Int) -> IPv6ExtensionWalk {
        var walk = IPv6ExtensionWalk(
            protocolNumber: packet.loadProtocol(at: 6), offset: 40, nextHeaderOffset: 6)
        while isExtension(walk.protocolNumber), walk.protocolNumber != .noNextHeader {
            guard walk.isReadable(length) else {
                walk.outcome = .truncated
                return walk
            }
            if walk.protocolNumber == .fragment {
                guard walk.readFragment(packet, length: length) else {
                    walk.outcome = .truncated
                    return walk
                }
                if walk.isLaterFragment {
                    let upper = packet.loadProtocol(at: walk.offset)
                    walk.seen.insert(.fragment)
                    walk.nextHeaderOffset = walk.offset
                    walk.protocolNumber = upper
                    // The kernel has no answer for a later fragment whose first header is another extension.
                    if isExtension(upper), upper != .noNextHeader { walk.outcome = .absent }
                    return walk
                }
            }
            walk.advance(packet)
        }
        return walk
    }

    /// `ipv6_find_hdr` with a target header. `skipFinalRouting`: a routing header with no segments left does
    /// not count (`IP6_FH_F_SKIP_RH`).
    @inlinable
    public static func find(
        _ target: IPProtocol, _ packet: UnsafeRawPointer, length: Int, skipFinalRouting: Bool = false
    ) -> IPv6ExtensionWalk {
        var walk = IPv6ExtensionWalk(
            protocolNumber: packet.loadProtocol(at: 6), offset: 40, nextHeaderOffset: 6)
        while true {
            var found = walk.protocolNumber == target
            if !isExtension(walk.protocolNumber) || walk.protocolNumber == .noNextHeader {
                if !found { walk.outcome = .absent }
                return walk
            }
            guard walk.isReadable(length) else {
                walk.outcome = .truncated
                return walk
            }
            if walk.protocolNumber == .routing, skipFinalRouting, packet.load8(at: walk.offset + 3) == 0 { found = false }
            if walk.protocolNumber == .fragment {
                guard walk.readFragment(packet, length: length) else {
                    walk.outcome = .truncated
                    return walk
                }
                if walk.isLaterFragment {
                    if !found { walk.outcome = .absent }
                    return walk
                }
            }
            if found { return walk }
            walk.advance(packet)
        }
    }

    /// `ipv6_skip_exthdr` from `start`, the offset of a header of type `type`: stops at the upper protocol,
    /// or at the fragment header of a later fragment (`protocolNumber` is then `.fragment`). "No next header"
    /// and a truncated chain are failures.
    @inlinable
    public static func skip(
        from type: IPProtocol, at start: Int, _ packet: UnsafeRawPointer, length: Int
    ) -> IPv6ExtensionWalk {
        var walk = IPv6ExtensionWalk(protocolNumber: type, offset: start, nextHeaderOffset: 6)
        while isExtension(walk.protocolNumber) {
            if walk.protocolNumber == .noNextHeader {
                walk.outcome = .absent
                return walk
            }
            guard length &- walk.offset >= 2 else {
                walk.outcome = .truncated
                return walk
            }
            if walk.protocolNumber == .fragment {
                guard walk.readFragment(packet, length: length) else {
                    walk.outcome = .truncated
                    return walk
                }
                if walk.isLaterFragment { return walk }
            }
            walk.advance(packet)
        }
        return walk
    }
}
