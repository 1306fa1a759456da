import CShims
import HawseWire

/// Connections by source address, port, protocol and zone, the latest first (`nf_nat_bysource`): SNAT looks here
/// for a mapping of the same source to use again.
///
/// Grows by linear hashing, as `TupleIndex` does: a list or two are split with each insertion.
///
/// A head is the first record's number, and in its upper eight bits a mark for each hash of the list: most of those who look for
/// their own source see there that it is not in the list, and read no record. Marks of removed connections stay until the list is
/// empty or split.
struct SourceList {
    private let memory: LazyMemory<UInt32>
    private var lowMask: UInt32 = 63
    private var listCount: UInt32 = 64
    private let largest: UInt32
    private var isGrowing = false
    private(set) var count = 0

    /// `connections`: how many there will be at most.
    init(connections: Int = 1 << 16) {
        var most = 64
        while most < connections, most < 1 << 24 { most *= 2 }
        memory = LazyMemory(capacity: most)
        var reserved = 64
        while reserved * 2 <= memory.capacity { reserved *= 2 }
        largest = UInt32(reserved)
    }

    func deallocate() { memory.deallocate() }

    var byteCount: Int { Int(listCount) * 4 }

    @inline(__always) private var heads: UnsafeMutablePointer<UInt32> { memory.base }

    /// Hash of the source part of an original tuple (`hash_by_src`).
    @inline(__always)
    static func hash(_ connection: ConnectionRef) -> UInt32 {
        let ct = connection
        let source = ct.pointee.isIPv6
            ? ct.pointee.address0 ^ (ct.pointee.address1 &* 0x9e37_79b9_7f4a_7c15) : ct.pointee.address0 >> 32
        return mix(source, UInt16(truncatingIfNeeded: ct.pointee.originalPorts >> 16), ct.pointee.ipProtocol)
    }

    @inline(__always)
    static func hash(_ tuple: Tuple) -> UInt32 {
        let source = tuple.version == 6
            ? tuple.source.high ^ (tuple.source.low &* 0x9e37_79b9_7f4a_7c15) : tuple.source.low
        return mix(source, tuple.sourcePort, tuple.ipProtocol)
    }

    @inline(__always)
    static func mix(_ source: UInt64, _ port: UInt16, _ ipProtocol: IPProtocol) -> UInt32 {
        let word = (source ^ UInt64(port) << 32 ^ UInt64(ipProtocol.rawValue) << 48) &* 0xff51_afd7_ed55_8ccd
        return UInt32(truncatingIfNeeded: word >> 32)
    }

    @inline(__always)
    private static func mark(_ hash: UInt32) -> UInt32 { 1 << (24 + hash >> 29) }

    @inline(__always)
    private func number(_ slot: Int) -> UInt32 { heads[slot] & ConnectionTable.numberMask }

    @inline(__always)
    private func slot(_ hash: UInt32) -> Int {
        let number = hash & (lowMask << 1 | 1)
        return Int(number < listCount ? number : hash & lowMask)
    }

    /// The first record of the list that connections of this hash are in; 0: there is none of this hash.
    @inline(__always)
    func first(_ hash: UInt32) -> UInt32 {
        let head = heads[slot(hash)]
        return head & Self.mark(hash) == 0 ? 0 : head & ConnectionTable.numberMask
    }

    @inline(__always)
    func prefetch(_ hash: UInt32) { hawse_prefetch(UnsafeRawPointer(heads + slot(hash))) }

    /// What an insertion will write to: the record that stands first now, its second line.
    @inline(__always)
    func prefetchNeighbour(_ hash: UInt32, in records: LazyMemory<Connection>) {
        let number = number(slot(hash))
        if number != 0 { hawse_prefetch(UnsafeRawPointer(records[Int(number)]) + 64) }
    }

    mutating func insert(_ connection: ConnectionRef, in records: LazyMemory<Connection>) {
        guard !connection.pointee.bits.contains(.inBySource) else { return }
        if isGrowing || count > Int(listCount) { grow(records) }
        let number = UInt32(truncatingIfNeeded: connection - records.base)
        let hash = Self.hash(connection)
        let slot = slot(hash)
        let head = self.number(slot)
        connection.pointee.nextBySource = head
        connection.pointee.previousBySource = 0
        if head != 0 { records[Int(head)].pointee.previousBySource = number }
        heads[slot] = heads[slot] & ~ConnectionTable.numberMask | Self.mark(hash) | number
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
            let slot = slot(Self.hash(connection))
            heads[slot] = next == 0 ? 0 : heads[slot] & ~ConnectionTable.numberMask | next
        }
        count -= 1
    }

    @inline(never)
    private mutating func grow(_ records: LazyMemory<Connection>) {
        if !isGrowing {
            guard listCount * 2 <= largest else { return }
            isGrowing = true
        }
        for _ in 0..<4 {
            split(listCount & lowMask, records)
            if listCount & lowMask == 0 {
                lowMask = lowMask << 1 | 1
                isGrowing = false
                return
            }
        }
        // The next steps begin with these records.
        for ahead in 0..<4 as Range<UInt32> {
            hawse_prefetch(UnsafeRawPointer(records[Int(number(Int(listCount & lowMask &+ ahead)))]))
        }
    }

    /// One list becomes two that keep its order.
    private mutating func split(_ old: UInt32, _ records: LazyMemory<Connection>) {
        let other = listCount
        listCount += 1
        memory.noteGrowth(Int(listCount))
        var number = number(Int(old))
        heads[Int(old)] = 0
        heads[Int(other)] = 0
        var tails: (UInt32, UInt32) = (0, 0)
        while number != 0 {
            let connection = records[Int(number)]
            let next = connection.pointee.nextBySource
            let hash = Self.hash(connection)
            let stays = slot(hash) == Int(old)
            heads[Int(stays ? old : other)] |= Self.mark(hash)
            let tail = stays ? tails.0 : tails.1
            connection.pointee.previousBySource = tail
            connection.pointee.nextBySource = 0
            if tail == 0 {
                heads[Int(stays ? old : other)] |= number
            } else {
                records[Int(tail)].pointee.nextBySource = number
            }
            if stays { tails.0 = number } else { tails.1 = number }
            number = next
        }
    }
}
