import CShims
import HawseModel
import HawseWire

/// The other record that a connection's packets touch: the outer connection of its tunnel, or its virtual connection.
/// Only a hint: whoever follows it looks whether it is still the one.
struct FlowLink: Equatable {
    /// Handle in the table of connections or of virtual connections; 0: none.
    var handle: UInt32 = 0
    /// UDP source port of the tunnel's packets, or the virtual connection's generation.
    var port: UInt16 = 0
    /// For which direction, and whether the packets had a flow label: see `OuterKey`.
    var key: UInt8 = 0
}

/// What connections keep for the flow cache. IPv4 records have room for it in the address words that IPv6 needs: the
/// original direction's trajectory and the link's handle in word 2, the reply's, the link's port and the masquerading
/// device (`ConnectionTable.masquerade`) in word 3. IPv6 has it in the extension.
extension ConnectionTable {
    @inline(__always)
    func way(_ connection: ConnectionRef, _ direction: Direction) -> UInt32 {
        if !connection.pointee.isIPv6 {
            // The low half of word 2, or the middle of word 3: at one distance, so that no branch is needed.
            return UnsafeRawPointer(connection).loadUnaligned(
                fromByteOffset: 16 &+ Int(direction.rawValue) &* 10, as: UInt32.self)
        }
        guard let cold = cold(connection) else { return 0 }
        return direction == .original ? cold.pointee.wayOriginal : cold.pointee.wayReply
    }

    mutating func setWay(_ connection: ConnectionRef, _ direction: Direction, _ word: UInt32) {
        if !connection.pointee.isIPv6 {
            if direction == .original {
                connection.pointee.address2 = connection.pointee.address2 & ~0xffff_ffff | UInt64(word)
            } else {
                connection.pointee.address3 = connection.pointee.address3 & ~0xffff_ffff_0000 | UInt64(word) << 16
            }
            return
        }
        guard let cold = makeExtension(connection) else { return }
        if direction == .original { cold.pointee.wayOriginal = word } else { cold.pointee.wayReply = word }
    }

    @inline(__always)
    func link(_ connection: ConnectionRef) -> FlowLink {
        if !connection.pointee.isIPv6 {
            return FlowLink(
                handle: UInt32(truncatingIfNeeded: connection.pointee.address2 >> 32),
                port: UInt16(truncatingIfNeeded: connection.pointee.address3 >> 48), key: connection.pointee.linkKey)
        }
        return cold(connection)?.pointee.link ?? FlowLink()
    }

    mutating func setLink(_ connection: ConnectionRef, _ link: FlowLink) {
        if !connection.pointee.isIPv6 {
            connection.pointee.address2 = connection.pointee.address2 & 0xffff_ffff | UInt64(link.handle) << 32
            connection.pointee.address3 = connection.pointee.address3 & 0xffff_ffff_ffff | UInt64(link.port) << 48
            connection.pointee.linkKey = link.key
            return
        }
        makeExtension(connection)?.pointee.link = link
    }

    /// Takes all trajectories away, when their numbers begin again.
    mutating func forgetWays() {
        for number in 0...highest where number > 0 {
            let connection = records[number]
            guard connection.pointee.uses > 0 else { continue }
            if connection.pointee.isIPv6, connection.pointee.extensionIndex == 0 { continue }
            setWay(connection, .original, 0)
            setWay(connection, .reply, 0)
        }
    }

    /// Brings what else the packets of a candidate will touch into the cache: the link's record, or the IPv6 extension.
    @inline(__always)
    func prefetchLink(_ reference: UInt32, _ links: FlowLinks) {
        let connection = records[Int(reference >> 1)]
        if connection.pointee.isIPv6 {
            guard connection.pointee.extensionIndex != 0 else { return }
            hawse_prefetch(UnsafeRawPointer(extensions[Int(connection.pointee.extensionIndex)]))
            return
        }
        // Without a link that is number 0, which nobody has and which does no harm.
        let number = Int(truncatingIfNeeded: connection.pointee.address2 >> 32 & UInt64(Self.numberMask))
        hawse_prefetch(links.base + number &* links.stride)
    }
}

/// Where the links of connections lead.
struct FlowLinks {
    /// Whether connections have links at all.
    let areKept: Bool
    let base: UnsafeRawPointer
    let stride: Int

    /// The virtual connection in its second line, the tunnel's by its lease or in its first line.
    @inline(__always)
    init(_ node: UnsafeMutablePointer<NodeState>) {
        let isVirtual = node.pointee.ipvs.active != 0
        areKept = isVirtual || node.pointee.vxlan.count > 0 || node.pointee.connections.hasExtensions
        if isVirtual {
            base = UnsafeRawPointer(node.pointee.ipvs.connections.records.base) + 64
            stride = MemoryLayout<VirtualConnection>.stride
        } else if node.pointee.connections.hasLeases {
            base = UnsafeRawPointer(node.pointee.connections.leases.base)
            stride = MemoryLayout<OuterLease>.stride
        } else {
            base = UnsafeRawPointer(node.pointee.connections.records.base)
            stride = MemoryLayout<Connection>.stride
        }
    }
}
