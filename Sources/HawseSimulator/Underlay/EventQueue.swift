import HawseModel

/// What happens next in a cluster: a heap by time, first in first out among equals, so that a run is its inputs.
struct EventQueue<Event> {
    private var heap: [(time: Instant, ordinal: UInt64, event: Event)] = []
    private var ordinal: UInt64 = 0

    var isEmpty: Bool { heap.isEmpty }
    var nextTime: Instant { heap.first?.time ?? .distantFuture }

    private func before(_ a: Int, _ b: Int) -> Bool {
        heap[a].time != heap[b].time ? heap[a].time < heap[b].time : heap[a].ordinal < heap[b].ordinal
    }

    mutating func push(_ event: Event, at time: Instant) {
        ordinal += 1
        heap.append((time, ordinal, event))
        var i = heap.count - 1
        while i > 0, before(i, (i - 1) / 2) {
            heap.swapAt(i, (i - 1) / 2)
            i = (i - 1) / 2
        }
    }

    /// The earliest event, when it is due by `limit`.
    mutating func pop(dueBy limit: Instant) -> (time: Instant, event: Event)? {
        guard let first = heap.first, first.time <= limit else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var i = 0
        while true {
            var least = i
            for child in [2 * i + 1, 2 * i + 2] where child < heap.count && before(child, least) { least = child }
            if least == i { break }
            heap.swapAt(i, least)
            i = least
        }
        return (first.time, first.event)
    }
}
