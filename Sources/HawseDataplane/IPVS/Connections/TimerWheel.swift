import HawseModel

/// The connections' timers: lists by jiffy, coarser the farther away, moved closer as time passes. A restart only
/// writes the record's new time; the list it stands in is put right when its old time comes.
struct TimerWheel {
    private static let slots0 = 256
    private static let slotsUp = 64
    private static let slotCount = slots0 + 3 * slotsUp
    private static let slotBit: UInt32 = 1 << 31

    private let heads: UnsafeMutablePointer<UInt32>
    /// Everything due at or before this jiffy has fired.
    private(set) var clock: Int64 = 0
    private(set) var count = 0

    init() {
        heads = .allocate(capacity: Self.slotCount)
        heads.initialize(repeating: 0, count: Self.slotCount)
    }

    func deallocate() { heads.deallocate() }
    var byteCount: Int { Self.slotCount * MemoryLayout<UInt32>.stride }

    @inline(__always)
    private func slot(_ jiffy: Int64) -> Int {
        let at = max(jiffy, clock + 1)
        let delta = at - clock
        if delta < 256 { return Int(at & 255) }
        if delta < 256 * 64 { return Self.slots0 + Int(at >> 8 & 63) }
        if delta < 256 * 64 * 64 { return Self.slots0 + Self.slotsUp + Int(at >> 14 & 63) }
        let far = min(at, clock + (256 * 64 * 64 * 63))
        return Self.slots0 + 2 * Self.slotsUp + Int(far >> 20 & 63)
    }

    /// Puts a record into the list of its `fires`.
    mutating func insert(_ number: UInt32, _ records: LazyMemory<VirtualConnection>) {
        let at = slot(records[Int(number)].pointee.fires)
        let head = heads[at]
        records[Int(number)].pointee.timerNext = head
        records[Int(number)].pointee.timerPrevious = Self.slotBit | UInt32(at)
        if head != 0 { records[Int(head)].pointee.timerPrevious = number }
        heads[at] = number
        records[Int(number)].pointee.flags.insert(.timer)
        count += 1
    }

    mutating func remove(_ number: UInt32, _ records: LazyMemory<VirtualConnection>) {
        let record = records[Int(number)]
        guard record.pointee.flags.contains(.timer) else { return }
        let next = record.pointee.timerNext
        let previous = record.pointee.timerPrevious
        if previous & Self.slotBit != 0 {
            heads[Int(previous & ~Self.slotBit)] = next
        } else {
            records[Int(previous)].pointee.timerNext = next
        }
        if next != 0 { records[Int(next)].pointee.timerPrevious = previous }
        record.pointee.flags.remove(.timer)
        count -= 1
    }

    /// The next record that is due at or before `jiffy`, taken out of the wheel; `nil` when there is none any more.
    mutating func popDue(_ jiffy: Int64, _ records: LazyMemory<VirtualConnection>) -> UInt32? {
        while clock <= jiffy {
            var number = heads[Int(clock & 255)]
            while number != 0 {
                let fires = records[Int(number)].pointee.fires
                remove(number, records)
                if fires <= clock { return number }
                insert(number, records)
                number = heads[Int(clock & 255)]
            }
            if clock == jiffy { return nil }
            if count == 0 {
                clock = jiffy
                return nil
            }
            clock += 1
            if clock & 255 == 0 { cascade(records) }
        }
        return nil
    }

    private mutating func cascade(_ records: LazyMemory<VirtualConnection>) {
        if clock >> 8 & 63 == 0 {
            if clock >> 14 & 63 == 0 { reinsert(Self.slots0 + 2 * Self.slotsUp + Int(clock >> 20 & 63), records) }
            reinsert(Self.slots0 + Self.slotsUp + Int(clock >> 14 & 63), records)
        }
        reinsert(Self.slots0 + Int(clock >> 8 & 63), records)
    }

    private mutating func reinsert(_ at: Int, _ records: LazyMemory<VirtualConnection>) {
        var number = heads[at]
        heads[at] = 0
        while number != 0 {
            let next = records[Int(number)].pointee.timerNext
            records[Int(number)].pointee.flags.remove(.timer)
            count -= 1
            // A record due exactly now goes to the slot that is about to be looked at.
            if records[Int(number)].pointee.fires <= clock {
                insertNow(number, records)
            } else {
                insert(number, records)
            }
            number = next
        }
    }

    private mutating func insertNow(_ number: UInt32, _ records: LazyMemory<VirtualConnection>) {
        let at = Int(clock & 255)
        let head = heads[at]
        records[Int(number)].pointee.timerNext = head
        records[Int(number)].pointee.timerPrevious = Self.slotBit | UInt32(at)
        if head != 0 { records[Int(head)].pointee.timerPrevious = number }
        heads[at] = number
        records[Int(number)].pointee.flags.insert(.timer)
        count += 1
    }

    /// Before the first timer: where time starts.
    mutating func start(at jiffy: Int64) {
        if count == 0, jiffy > clock { clock = jiffy }
    }
}
