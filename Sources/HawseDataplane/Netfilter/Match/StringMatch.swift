import HawseModel
import HawseWire

/// `-m string` (`string_mt`, `skb_find_text`). Behind it: the pattern, in capitals when case is ignored.
///
/// The algorithms differ in speed only: all report the first place, and only that one is held against `--to`.
struct StringOperation: MatchOperation {
    var from: UInt16
    var to: UInt16
    var count: UInt16
    var ignoresCase: Bool
    var inverted: Bool

    init(_ match: StringMatch) {
        from = match.from
        to = match.to
        count = UInt16(clamping: match.pattern.count)
        ignoresCase = match.ignoresCase
        inverted = match.inverted
    }

    static func trailer(_ match: StringMatch) -> [UInt8] {
        match.ignoresCase ? match.pattern.map(capital) : match.pattern
    }

    /// The kernel's `toupper`, Latin-1 letters included.
    @inline(__always)
    static func capital(_ byte: UInt8) -> UInt8 {
        (byte >= 0x61 && byte <= 0x7a) || (byte >= 0xdf && byte != 0xf7) ? byte &- 0x20 : byte
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        found(operation, context.packet) != operation.pointee.inverted
    }

    private static func found(_ operation: UnsafeMutablePointer<Self>, _ packet: PacketRef) -> Bool {
        let pattern = UnsafeMutableRawPointer(operation + 1)
        let count = Int(operation.pointee.count)
        let from = Int(operation.pointee.from)
        let to = Int(operation.pointee.to)
        let length = packet.length
        guard from < to, from + count <= length, count > 0 else { return false }
        let text = packet.networkPointer
        let first = pattern.load8(at: 0)
        let folds = operation.pointee.ignoresCase
        var place = from
        while place + count <= length {
            var byte = text.load8(at: place)
            if folds { byte = capital(byte) }
            if byte == first, isEqual(text + place, pattern, count, folds) { return place + count <= to }
            place += 1
        }
        return false
    }

    private static func isEqual(
        _ text: UnsafeMutableRawPointer, _ pattern: UnsafeMutableRawPointer, _ count: Int, _ folds: Bool
    ) -> Bool {
        for i in 1..<max(count, 1) {
            let byte = text.load8(at: i)
            if (folds ? capital(byte) : byte) != pattern.load8(at: i) { return false }
        }
        return true
    }
}
