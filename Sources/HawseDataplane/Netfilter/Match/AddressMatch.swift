import HawseModel
import HawseWire

/// `-s` and `-d` of an IPv6 rule (`ip6_packet_match`): the record has room for the last 32 bits only.
struct AddressOperation: MatchOperation {
    var source: MaskedAddress
    var destination: MaskedAddress

    init(_ source: AddressMatch?, _ destination: AddressMatch?) {
        self.source = MaskedAddress(source)
        self.destination = MaskedAddress(destination)
    }

    /// What a compiled rule asks for; a mask of zero: anything.
    init(_ record: RuleRecord, _ arena: UnsafeMutableRawPointer, _ family: AddressFamily) {
        if family == .ipv6 {
            let place = arena + Int(record.operations)
            if record.flags.contains(.hasOperations), place.load(as: OperationHeader.self).code == .address {
                self = (place + OperationHeader.size).load(as: AddressOperation.self)
            } else {
                source = MaskedAddress(nil)
                destination = source
            }
            return
        }
        source = MaskedAddress(record.addresses >> 32, record.addressMask >> 32, record.flags.contains(.sourceInverted))
        destination = MaskedAddress(
            record.addresses & 0xffff_ffff, record.addressMask & 0xffff_ffff, record.flags.contains(.destinationInverted))
    }

    @inline(__always)
    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        operation.pointee.source.holds(context.packet.sourceBits)
            && operation.pointee.destination.holds(context.packet.destinationBits)
    }
}
