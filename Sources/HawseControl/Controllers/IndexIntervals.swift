/// Indexes of an indexed Job as ordered ranges, in the form that its status has them: `0,2-4`.
struct IndexIntervals: Sendable, Hashable {
    private(set) var ranges: [ClosedRange<Int>] = []

    init() {}

    init(_ indexes: some Sequence<Int>) {
        for index in Set(indexes).sorted() { append(index...index) }
    }

    /// Reads a status; what lies beyond `completions` or cannot be read is left out.
    init(_ text: String, below completions: Int) {
        for part in text.split(separator: ",") {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
            guard let first = ends.first.flatMap({ Int($0) }), first >= 0 else { continue }
            if first >= completions { break }
            guard let last = ends.count > 1 ? Int(ends[1]) : first, last >= first else { continue }
            append(first...min(last, completions - 1))
        }
    }

    /// Adds a range that begins at or behind the last one's beginning.
    private mutating func append(_ range: ClosedRange<Int>) {
        guard let last = ranges.last, range.lowerBound <= last.upperBound + 1 else {
            ranges.append(range)
            return
        }
        if range.upperBound > last.upperBound { ranges[ranges.count - 1] = last.lowerBound...range.upperBound }
    }

    func union(_ other: IndexIntervals) -> IndexIntervals {
        var result = IndexIntervals()
        for range in (ranges + other.ranges).sorted(by: { $0.lowerBound < $1.lowerBound }) { result.append(range) }
        return result
    }

    var count: Int { ranges.reduce(0) { $0 + $1.count } }
    var isEmpty: Bool { ranges.isEmpty }

    func contains(_ index: Int) -> Bool { ranges.contains { $0.contains(index) } }

    /// How many of these indexes are in the other list, too.
    func count(in other: IndexIntervals) -> Int {
        ranges.reduce(0) { sum, range in
            sum + other.ranges.reduce(0) { $1.overlaps(range) ? $0 + $1.clamped(to: range).count : $0 }
        }
    }

    /// The first `count` indexes below `completions` that are not in the list.
    func missing(_ count: Int, below completions: Int) -> [Int] {
        var result: [Int] = []
        var candidate = 0
        for range in ranges {
            while candidate < range.lowerBound, candidate < completions, result.count < count {
                result.append(candidate)
                candidate += 1
            }
            candidate = max(candidate, range.upperBound + 1)
        }
        while candidate < completions, result.count < count {
            result.append(candidate)
            candidate += 1
        }
        return result
    }

    var text: String {
        ranges.map { range in
            switch range.count {
            case 1: "\(range.lowerBound)"
            case 2: "\(range.lowerBound),\(range.upperBound)"
            default: "\(range.lowerBound)-\(range.upperBound)"
            }
        }.joined(separator: ",")
    }
}
