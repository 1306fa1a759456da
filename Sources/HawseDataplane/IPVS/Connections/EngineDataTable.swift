import HawseModel
import HawseWire

/// What a persistence engine read in the packets that made templates (`pe_data`), by number; 0 is none. The memory is
/// the table's own, so that a connection's record stays trivial.
struct EngineDataTable {
    private struct Entry {
        var bytes: UnsafeMutablePointer<UInt8>
        var count: Int
        var hash: UInt32
        var next: UInt32
    }

    /// `IP_VS_PEDATA_MAXLEN`
    static let maximumLength = 255

    private var entries: UnsafeMutablePointer<Entry>
    private var capacity = 16
    private var highest: UInt32 = 0
    private var free: UInt32 = 0

    init() { entries = .allocate(capacity: capacity) }

    func deallocate() {
        for number in 0..<Int(highest) { entries[number + 1].bytes.deallocate() }
        entries.deallocate()
    }

    mutating func add(_ data: [UInt8]) -> UInt32 {
        let data = data.prefix(Self.maximumLength)
        let number: UInt32
        if free != 0 {
            number = free
            free = entries[Int(number)].next
        } else {
            if Int(highest) + 1 == capacity { grow() }
            highest += 1
            number = highest
            (entries + Int(number)).initialize(
                to: Entry(bytes: .allocate(capacity: Self.maximumLength), count: 0, hash: 0, next: 0))
        }
        let entry = entries + Int(number)
        entry.pointee.count = data.count
        var at = 0
        for byte in data {
            entry.pointee.bytes[at] = byte
            at += 1
        }
        entry.pointee.hash = Self.hash(Array(data))
        return number
    }

    mutating func remove(_ number: UInt32) {
        guard number != 0 else { return }
        entries[Int(number)].next = free
        free = number
    }

    func data(_ number: UInt32) -> [UInt8] {
        number == 0 ? [] : Array(UnsafeBufferPointer(start: entries[Int(number)].bytes, count: entries[Int(number)].count))
    }

    func hash(_ number: UInt32) -> UInt32 { entries[Int(number)].hash }

    func holds(_ number: UInt32, _ data: [UInt8]) -> Bool {
        guard number != 0 else { return false }
        return UnsafeBufferPointer(start: entries[Int(number)].bytes, count: entries[Int(number)].count).elementsEqual(data)
    }

    static func hash(_ data: [UInt8]) -> UInt32 {
        var hash: UInt32 = 0x811c_9dc5
        for byte in data { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        return hash ^ hash >> 15
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
        if highest > 0 { (larger + 1).moveInitialize(from: entries + 1, count: Int(highest)) }
        entries.deallocate()
        entries = larger
        capacity *= 2
    }
}
