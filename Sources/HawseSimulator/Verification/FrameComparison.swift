import HawseWire

/// Holds the frames that left an interface against the recorded ones.
enum FrameComparison {
    /// The first difference, or `nil` when all frames are equal up to free fields.
    static func difference(_ interface: String, expected: [[UInt8]], produced: [[UInt8]], free: [FreeField]) -> String? {
        if let counted = free.first(where: {
            $0.field == "frame-count" && ($0.interface == nil || $0.interface == interface)
        }), let range = counted.range {
            return range.contains(produced.count)
                ? nil : "\(interface): \(produced.count) frames, outside \(range.lowerBound)-\(range.upperBound)"
        }
        if free.contains(where: { $0.field == "ipvs-destination" }) {
            return abs(expected.count - produced.count) > max(2, expected.count / 50)
                ? "\(interface): \(produced.count) frames instead of \(expected.count)" : nil
        }
        return inOrder(interface, expected, produced, free)
    }

    private static func inOrder(_ interface: String, _ expected: [[UInt8]], _ produced: [[UInt8]], _ free: [FreeField])
        -> String?
    {
        let skipsLocal = free.contains { $0.field == "local-stack-reply" }
        var i = 0
        var j = 0
        while i < expected.count || j < produced.count {
            var pair: Pair?
            if i < expected.count, j < produced.count {
                let masked = Pair(expected[i], produced[j], frame: i, interface: interface, free: free)
                if masked.isEqual {
                    i += 1
                    j += 1
                    continue
                }
                pair = masked
            }
            if skipsLocal, i < expected.count, FrameLayers(expected[i]).isFromLocalStack {
                i += 1
                continue
            }
            if skipsLocal, j < produced.count, FrameLayers(produced[j]).isFromLocalStack {
                j += 1
                continue
            }
            if i >= expected.count { return "\(interface): extra frame \(j): \(FrameLayers(produced[j]).summary)" }
            if j >= produced.count { return "\(interface): frame \(i) missing: \(FrameLayers(expected[i]).summary)" }
            let what = pair?.problem ?? "first difference at byte \(pair?.firstDifference ?? 0)"
            return "\(interface): frame \(i): \(what); expected \(FrameLayers(expected[i]).summary); "
                + "produced \(FrameLayers(produced[j]).summary)"
        }
        return nil
    }

    /// Two frames with their free fields blanked.
    private struct Pair {
        var expected: [UInt8]
        var produced: [UInt8]
        var problem: String?

        init(_ expected: [UInt8], _ produced: [UInt8], frame: Int, interface: String, free: [FreeField]) {
            self.expected = expected
            self.produced = produced
            for entry in free where entry.interface == nil || entry.interface == interface {
                if let frames = entry.frames, !frames.contains(frame) { continue }
                if entry.field == "ip-id", entry.of.contains("ICMP"),
                    ![.icmp, .icmpv6, .ipip, .gre, .udp].contains(FrameLayers(self.expected).ipProtocol)
                {
                    continue
                }
                mask(entry.field, entry.range, raw: produced)
            }
            if FrameLayers(self.expected).encapsulated != nil, FrameLayers(self.produced).encapsulated != nil {
                mask("ip-id", nil, raw: produced)
            }
        }

        private mutating func mask(_ field: String, _ range: ClosedRange<Int>?, raw: [UInt8]) {
            do throws(FrameMask.Objection) {
                try FrameMask.apply(field, range: range, expected: &expected, produced: &produced, raw: raw)
            } catch {
                problem = error.reason
            }
        }

        var isEqual: Bool { problem == nil && expected == produced }
        var firstDifference: Int {
            zip(expected, produced).enumerated().first { $0.element.0 != $0.element.1 }?.offset
                ?? min(expected.count, produced.count)
        }
    }
}
