import HawseModel
import HawseWire

/// The initial sequence number that stands for a half-open connection (`secure_tcp_syn_cookie`). The kernel draws its key
/// at random; here the key comes from the node's seed.
struct SynproxyCookie {
    let key: SipHash
    /// Minutes (`tcp_cookie_time`).
    let minute: UInt32
    let shifts: CookieShifts

    private static let sizes4: [UInt16] = [536, 1300, 1440, 1460]
    private static let sizes6: [UInt16] = [1280 - 60, 1480 - 60, 1500 - 60, 9000 - 60]

    init(_ key: SipHash, now: Instant, _ shifts: CookieShifts) {
        self.key = key
        self.shifts = shifts
        minute = UInt32(truncatingIfNeeded: now.seconds / 60)
    }

    /// The largest size that the cookie can name and that is not above what the client said.
    private static func sizes(_ packet: PacketRef) -> [UInt16] { packet.isIPv4 ? sizes4 : sizes6 }

    private func hash(_ packet: PacketRef, _ count: UInt32, _ which: UInt64) -> UInt32 {
        let source = packet.sourceBits
        let destination = packet.destinationBits
        let ports = UInt64(packet.tcp.sourcePort) << 16 | UInt64(packet.tcp.destinationPort)
        let first = key.hash64(source.high ^ which << 32, source.low, destination.high, destination.low)
        return UInt32(truncatingIfNeeded: key.hash64(first, ports, UInt64(count), which))
    }

    /// Of a SYN from the client.
    func make(_ packet: PacketRef, mss: UInt16) -> UInt32 {
        let sizes = Self.sizes(packet)
        let index = UInt32(sizes.lastIndex { $0 <= mss } ?? 0)
        return hash(packet, 0, 0) &+ shifts.shift(packet) &+ packet.tcp.sequence &+ minute << 24
            &+ ((hash(packet, minute, 1) &+ index) & 0xff_ffff)
    }

    /// Of the ACK that answers it: the size, or `nil` when the number is none of ours or older than two minutes.
    func check(_ packet: PacketRef) -> UInt16? {
        let cookie = packet.tcp.acknowledgement &- 1 &- hash(packet, 0, 0) &- shifts.shift(packet) &- (packet.tcp.sequence &- 1)
        let age = (minute &- cookie >> 24) & 0xff
        guard age < 2 else { return nil }
        let index = Int((cookie &- hash(packet, minute &- age, 1)) & 0xff_ffff)
        let sizes = Self.sizes(packet)
        return sizes.indices.contains(index) ? sizes[index] : nil
    }
}
