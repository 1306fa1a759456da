import HawseModel
import HawseWire

/// `-m rt` (`rt_mt6`). Behind it: the addresses asked for, 16 bytes each.
struct RTOperation: MatchOperation {
    var type: ExpectedNumber
    var segmentsLeft: NumberRange<UInt32>
    var length: ExpectedNumber
    var checksReserved: Bool
    var isNotStrict: Bool
    var addressCount: UInt8

    init(_ match: RTMatch) {
        type = ExpectedNumber(match.type)
        segmentsLeft = NumberRange(match.segmentsLeft)
        length = ExpectedNumber(match.length)
        checksReserved = match.checksReserved
        isNotStrict = match.isNotStrict
        addressCount = UInt8(clamping: match.addresses.count)
    }

    static func trailer(_ match: RTMatch) -> [UInt8] { match.addresses.flatMap(\.bytes) }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        guard let header = context.extensionHeader(.routing, bytes: 4) else { return false }
        let routing = IPv6RoutingHeader(header)
        let length = routing.headerLength
        guard context.holds(header, length) else { return false }
        let test = operation.pointee
        guard test.segmentsLeft.contains(UInt32(routing.segmentsLeft)), test.length.holds(UInt32(length)),
            test.type.holds(UInt32(routing.type)), !(test.checksReserved && header.loadBE32(at: 4) != 0)
        else { return false }
        let wanted = Int(test.addressCount)
        guard wanted > 0 else { return true }
        let present = (length - 8) / 16
        guard wanted <= present else { return false }
        let addresses = UnsafeMutableRawPointer(operation + 1)
        var matched = 0
        for i in 0..<present {
            let isEqual = header.loadAddressBits(at: 8 + i * 16) == addresses.loadAddressBits(at: matched * 16)
            if isEqual {
                matched += 1
            } else if !test.isNotStrict {
                return false
            }
            if matched == wanted { return test.isNotStrict || present == wanted }
        }
        return false
    }
}
