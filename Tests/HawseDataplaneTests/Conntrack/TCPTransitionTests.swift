import HawseWire
import Testing

@testable import HawseDataplane

@Suite struct TCPTransitionTests {
    static let kinds: [TCPSegmentKind] = [.syn, .synAck, .fin, .ack, .rst, .none]

    @Test func everyEntryIsAStateOrAnExcuse() {
        for direction in [Direction.original, .reply] {
            for kind in Self.kinds {
                for raw in UInt8(0)...9 {
                    let next = TCPTransitions.next(direction, kind, TCPState(rawValue: raw) ?? .none)
                    #expect(next <= TCPTransitions.ignore && next != 0)
                }
            }
        }
    }

    @Test func nothingBeginsInTheReplyDirection() {
        for kind in Self.kinds { #expect(TCPTransitions.next(.reply, kind, .none) == TCPTransitions.invalid) }
    }

    @Test func handshakeAndClose() {
        var state = TCPState.none
        let steps: [(Direction, TCPSegmentKind, TCPState)] = [
            (.original, .syn, .synSent), (.reply, .synAck, .synRecv), (.original, .ack, .established),
            (.reply, .ack, .established), (.original, .fin, .finWait), (.reply, .ack, .closeWait),
            (.reply, .fin, .lastAck), (.original, .ack, .timeWait), (.original, .syn, .synSent),
        ]
        for (direction, kind, expected) in steps {
            state = TCPState(rawValue: TCPTransitions.next(direction, kind, state)) ?? .none
            #expect(state == expected)
        }
    }

    @Test func flagCombinations() {
        let valid: Set<UInt8> = [0x02, 0x22, 0x12, 0x04, 0x14, 0x11, 0x31, 0x10, 0x30]
        for raw in UInt8(0)...255 {
            #expect(TCPTransitions.isValid(TCPFlags(rawValue: raw)) == valid.contains(raw & ~0xc8))
        }
    }
}
