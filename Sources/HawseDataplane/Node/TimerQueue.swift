import HawseModel

/// Timers that make the node act of its own: ARP retries, reassembly, gratuitous packets. (Connection timeouts are
/// not here: they are looked at when a packet meets the entry, and swept by their table.) A binary heap, first armed
/// first fired among equals.
struct TimerQueue {
    enum Purpose: Hashable {
        case neighbour(UInt32)
        /// Entries of this IP version that nobody needs.
        case neighbourCollection(UInt8)
        case reassembly(UInt32)
        case connections
        case ipvs
    }

    struct Timer {
        var due: Instant
        var ordinal: UInt64
        var purpose: Purpose
    }

    private var heap: [Timer] = []
    private var ordinal: UInt64 = 0

    /// When the first is due; `distantFuture` when none is armed.
    private(set) var next = Instant.distantFuture

    private func before(_ a: Timer, _ b: Timer) -> Bool { a.due != b.due ? a.due < b.due : a.ordinal < b.ordinal }

    mutating func arm(_ purpose: Purpose, at due: Instant) {
        ordinal += 1
        heap.append(Timer(due: due, ordinal: ordinal, purpose: purpose))
        var i = heap.count - 1
        while i > 0, before(heap[i], heap[(i - 1) / 2]) {
            heap.swapAt(i, (i - 1) / 2)
            i = (i - 1) / 2
        }
        next = heap[0].due
    }

    /// The earliest timer due at or before `now`.
    mutating func popDue(_ now: Instant) -> Timer? {
        guard next <= now, let first = heap.first else { return nil }
        defer { next = heap.first?.due ?? .distantFuture }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var i = 0
        while true {
            var least = i
            for child in [2 * i + 1, 2 * i + 2] where child < heap.count && before(heap[child], heap[least]) { least = child }
            if least == i { break }
            heap.swapAt(i, least)
            i = least
        }
        return first
    }
}
