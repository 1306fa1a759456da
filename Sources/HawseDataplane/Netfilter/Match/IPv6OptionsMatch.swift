import HawseModel
import HawseWire

/// `-m hbh` and `-m dst` (`hbh_mt6`). Behind it: the options asked for, a word each, type × 256 + length (255: any).
struct IPv6OptionsOperation: MatchOperation {
    var header: UInt8
    var length: ExpectedNumber
    var optionCount: UInt8

    init(_ match: IPv6OptionsMatch, header: IPProtocol) {
        self.header = header.rawValue
        length = ExpectedNumber(match.length)
        optionCount = UInt8(clamping: match.options.count)
    }

    static func trailer(_ match: IPv6OptionsMatch) -> [UInt16] {
        match.options.map { UInt16($0.type) << 8 | UInt16($0.length ?? 255) }
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let type = IPProtocol(rawValue: operation.pointee.header)
        guard let header = context.extensionHeader(type, bytes: 2) else { return false }
        var left = (Int(header.load8(at: 1)) + 1) * 8
        guard context.holds(header, left) else { return false }
        guard operation.pointee.length.holds(UInt32(left)) else { return false }
        let wanted = UnsafeMutableRawPointer(operation + 1)
        let count = Int(operation.pointee.optionCount)
        var offset = 2
        left -= 2
        for i in 0..<count {
            let option = wanted.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self)
            guard left >= 1 else { return false }
            let found = header.load8(at: offset)
            guard found == UInt8(option >> 8) else { return false }
            var size = 1
            if found != 0 {
                guard left >= 2 else { return false }
                let length = header.load8(at: offset + 1)
                if option & 255 != 255, option & 255 != UInt16(length) { return false }
                size = Int(length) + 2
            }
            if size > left, i < count - 1 { return false }
            offset += size
            left -= size
        }
        return true
    }
}
