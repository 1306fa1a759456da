import HawseWire

/// Connections by source address, port, protocol and zone, the latest first (`nf_nat_bysource`): SNAT looks here
/// for a mapping of the same source to use again.
struct SourceList {
    private var heads: UnsafeMutablePointer<UInt32>
    private var mask: UInt32
    private(set) var count = 0

    init() {
        mask = 63
        heads = .allocate(capacity: 64)
        heads.initialize(repeating: 0, count: 64)
    }

    func deallocate() { heads.deallocate() }

    var byteCount: Int { (Int(mask) + 1) * 4 }

    /// Hash of the source part of an original tuple (`hash_by_src`).
    @inline(__always)
    static func hash(_ connection: ConnectionRef) -> UInt32 {
        let ct = connection.pointee
        let source = ct.isIPv6 ? ct.address0 ^ (ct.address1 &* 0x9e37_79b9_7f4a_7c15) : ct.address0 >> 32
        return mix(source, UInt16(truncatingIfNeeded: ct.originalPorts >> 16), ct.ipProtocol)
    }

    @inline(__always)
    static func hash(_ tuple: Tuple) -> UInt32 {
        let source = tuple.version == 6
            ? tuple.source.high ^ (tuple.source.low &* 0x9e37_79b9_7f4a_7c15) : tuple.source.low
        return mix(source, tuple.sourcePort, tuple.ipProtocol)
    }

    @inline(__always)
    private static func mix(_ source: UInt64, _ port: UInt16, _ ipProtocol: UInt8) -> UInt32 {
        let word = (source ^ UInt64(port) << 32 ^ UInt64(ipProtocol) << 48) &* 0xff51_afd7_ed55_8ccd
        return UInt32(truncatingIfNeeded: word >> 32)
    }

    @inline(__always)
    func first(_ hash: UInt32) -> UInt32 { heads[Int(hash & mask)] }

    mutating func insert(_ connection: ConnectionRef, in records: LazyMemory<Connection>) {
        guard !connection.pointee.bits.contains(.inBySource) else { return }
        if count > Int(mask) { grow(records) }
        let number = UInt32(truncatingIfNeeded: connection - records.base)
        let slot = Int(Self.hash(connection) & mask)
        let head = heads[slot]
        connection.pointee.nextBySource = head
        connection.pointee.previousBySource = 0
        if head != 0 { records[Int(head)].pointee.previousBySource = number }
        heads[slot] = number
        connection.pointee.bits.insert(.inBySource)
        count += 1
    }

    mutating func remove(_ connection: ConnectionRef, in records: LazyMemory<Connection>) {
        guard connection.pointee.bits.contains(.inBySource) else { return }
        connection.pointee.bits.remove(.inBySource)
        let next = connection.pointee.nextBySource
        let previous = connection.pointee.previousBySource
        if next != 0 { records[Int(next)].pointee.previousBySource = previous }
        if previous != 0 {
            records[Int(previous)].pointee.nextBySource = next
        } else {
            heads[Int(Self.hash(connection) & mask)] = next
        }
        count -= 1
    }

    /// Doubles the table; each list splits in two that keep the order.
    private mutating func grow(_ records: LazyMemory<Connection>) {
        let oldCount = Int(mask) + 1
        let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: oldCount * 2)
        larger.initialize(repeating: 0, count: oldCount * 2)
        let newMask = mask << 1 | 1
        for slot in 0..<oldCount {
            var tails: (UInt32, UInt32) = (0, 0)
            var number = heads[slot]
            while number != 0 {
                let connection = records[Int(number)]
                let next = connection.pointee.nextBySource
                let target = Int(Self.hash(connection) & newMask)
                let tail = target == slot ? tails.0 : tails.1
                connection.pointee.previousBySource = tail
                connection.pointee.nextBySource = 0
                if tail == 0 { larger[target] = number } else { records[Int(tail)].pointee.nextBySource = number }
                if target == slot { tails.0 = number } else { tails.1 = number }
                number = next
            }
        }
        heads.deallocate()
        heads = larger
        mask = newMask
    }
}
