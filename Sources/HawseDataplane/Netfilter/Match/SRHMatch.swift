import HawseModel
import HawseWire

/// `-m srh` (`srh1_mt6`): a routing header of type 4.
struct SRHOperation: MatchOperation {
    /// Bounds of a field with an inversion each: equal, greater than, less than.
    struct Bounds: BitwiseCopyable {
        var equal: Int16 = -1
        var above: Int16 = -1
        var below: Int16 = -1
        /// Bits 0, 1, 2.
        var inverted: UInt8 = 0

        init(_ comparisons: [SRHMatch.Comparison]) {
            for comparison in comparisons {
                switch comparison.comparison {
                case .equal: equal = Int16(comparison.value)
                case .greaterThan: above = Int16(comparison.value)
                case .lessThan: below = Int16(comparison.value)
                }
                if comparison.inverted { inverted |= 1 << comparison.comparison.rawValue }
            }
        }

        func hold(_ value: UInt8) -> Bool {
            let number = Int16(value)
            if equal >= 0, (number == equal) == (inverted & 1 != 0) { return false }
            if above >= 0, (number > above) == (inverted & 2 != 0) { return false }
            if below >= 0, (number < below) == (inverted & 4 != 0) { return false }
            return true
        }
    }

    var nextHeader: ExpectedNumber
    var headerLength: Bounds
    var segmentsLeft: Bounds
    var lastEntry: Bounds
    var tag: ExpectedNumber
    var previous: MaskedAddress
    var next: MaskedAddress
    var last: MaskedAddress

    init(_ match: SRHMatch) {
        nextHeader = ExpectedNumber(match.nextHeader)
        headerLength = Bounds(match.headerLength)
        segmentsLeft = Bounds(match.segmentsLeft)
        lastEntry = Bounds(match.lastEntry)
        tag = ExpectedNumber(match.tag)
        previous = MaskedAddress(match.previousSegment)
        next = MaskedAddress(match.nextSegment)
        last = MaskedAddress(match.lastSegment)
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let walk = IPv6ExtensionWalk.find(
            .routing, context.packet.networkPointer, length: context.packet.length)
        guard walk.outcome == .found, let header = context.packet.bytes(at: walk.offset, count: 8) else { return false }
        let length = (Int(header.load8(at: 1)) + 1) * 8
        let left = header.load8(at: 3)
        guard context.bytesLeft(header) >= length, header.load8(at: 2) == 4, left <= header.load8(at: 4)
        else { return false }
        let test = operation.pointee
        guard test.nextHeader.holds(UInt32(header.load8(at: 0))), test.headerLength.hold(header.load8(at: 1)),
            test.segmentsLeft.hold(left), test.lastEntry.hold(header.load8(at: 4)),
            // The kernel takes the tag as it lies in memory: its two bytes are crossed over.
            test.tag.holds(UInt32(header.loadBE16(at: 6).byteSwapped))
        else { return false }
        func segment(_ index: Int) -> AddressBits? {
            context.bytesLeft(header) >= 24 + index * 16 ? header.loadAddressBits(at: 8 + index * 16) : nil
        }
        if test.previous.isSet {
            guard left < header.load8(at: 4), let address = segment(Int(left) + 1), test.previous.holds(address)
            else { return false }
        }
        if test.next.isSet {
            guard left > 0, let address = segment(Int(left) - 1), test.next.holds(address) else { return false }
        }
        if test.last.isSet {
            guard let address = segment(0), test.last.holds(address) else { return false }
        }
        return true
    }
}
