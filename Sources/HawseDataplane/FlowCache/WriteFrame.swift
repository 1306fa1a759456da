import HawseModel
import HawseWire

/// Writing a known frame as it leaves.
extension Walk {
    /// Ethernet header, IP and transport: new addresses and ports, one hop less, checksums brought up to date. `out` has
    /// `slack` bytes more than the frame needs.
    ///
    /// One rewriting after the other, as the hooks do it, comes to the same bytes: a checksum's sum does not depend on the
    /// order, and every update leaves the same one of the two zeros.
    @inline(__always)
    func writeFrame(
        _ frame: KnownFrame, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef,
        _ direction: Direction, to out: UnsafeMutableRawPointer
    ) {
        let ip = out + 14
        copyPacket(frame.ip, frame.length, to: ip)
        out.storeBE64(way.pointee.ethernetHigh, at: 0)
        out.storeBE32(way.pointee.ethernetMiddle, at: 8)
        out.storeBE16(way.pointee.ethernetType.rawValue, at: 12)
        let hop = way.pointee.flags.contains(.takesHop)
        if frame.isIPv4 {
            var checksum = frame.ip.loadBE16(at: 10)
            if !way.pointee.flags.isDisjoint(with: .rewrites) {
                rewrite4(frame, way, connection, direction, ip, &checksum)
            }
            if hop {
                ip.store8(frame.ip.load8(at: 8) &- 1, at: 8)
                let sum = UInt32(checksum) &+ 0x0100
                checksum = UInt16(truncatingIfNeeded: sum &+ (sum >= 0xffff ? 1 : 0))
            }
            ip.storeBE16(checksum, at: 10)
        } else {
            if !way.pointee.flags.isDisjoint(with: .rewrites) { rewrite6(frame, way, connection, direction, ip) }
            if hop { ip.store8(frame.ip.load8(at: 7) &- 1, at: 7) }
        }
    }

    @inline(__always)
    private func rewrite4(
        _ frame: KnownFrame, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef,
        _ direction: Direction, _ ip: UnsafeMutableRawPointer, _ checksum: inout UInt16
    ) {
        let raw = UnsafeRawPointer(connection)
        let other = 1 &- Int(direction.rawValue)
        let addresses = raw.load(fromByteOffset: other &* 8, as: UInt64.self)
        let ports = raw.load(fromByteOffset: ConnectionLayout.ports &+ other &* 4, as: UInt32.self)
        // The other direction's tuple, turned round.
        let keepsSource: UInt64 = way.pointee.flags.contains(.rewritesSource) ? 0 : 0xffff_ffff_0000_0000
        let keepsDestination: UInt64 = way.pointee.flags.contains(.rewritesDestination) ? 0 : 0xffff_ffff
        let kept = keepsSource | keepsDestination
        let newAddresses = (addresses << 32 | addresses >> 32) & ~kept | frame.addresses & kept
        let keptPorts = UInt32(truncatingIfNeeded: keepsSource >> 32) & 0xffff_0000
            | UInt32(truncatingIfNeeded: keepsDestination) & 0xffff
        let newPorts = (ports << 16 | ports >> 16) & ~keptPorts | frame.ports & keptPorts
        let delta = Self.delta(frame.addresses, newAddresses)
        checksum = ChecksumUpdate.apply(delta, to: checksum)
        ip.storeBE64(newAddresses, at: 12)
        ip.storeBE32(newPorts, at: 20)
        let all = delta &+ ChecksumUpdate.delta32(from: frame.ports, to: newPorts)
        updateTransport(frame, ip + 20, all)
    }

    /// What changed 64 bits do to a sum.
    @inline(__always)
    private static func delta(_ old: UInt64, _ new: UInt64) -> UInt64 {
        ChecksumUpdate.delta32(from: UInt32(truncatingIfNeeded: old >> 32), to: UInt32(truncatingIfNeeded: new >> 32))
            &+ ChecksumUpdate.delta32(from: UInt32(truncatingIfNeeded: old), to: UInt32(truncatingIfNeeded: new))
    }

    @inline(__always)
    private func updateTransport(_ frame: KnownFrame, _ transport: UnsafeMutableRawPointer, _ delta: UInt64) {
        if frame.ipProtocol == .tcp {
            transport.storeBE16(ChecksumUpdate.apply(delta, to: frame.transport.loadBE16(at: 16)), at: 16)
        } else {
            let old = frame.transport.loadBE16(at: 6)
            if old != 0 {
                transport.storeBE16(TransportChecksum.nonZero(ChecksumUpdate.apply(delta, to: old)), at: 6)
            }
        }
    }

    @inline(__always)
    private func rewrite6(
        _ frame: KnownFrame, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef,
        _ direction: Direction, _ ip: UnsafeMutableRawPointer
    ) {
        let target = node.pointee.connections.tuple(of: connection, direction.opposite)
        var delta: UInt64 = 0
        var ports = frame.ports
        if way.pointee.flags.contains(.rewritesSource) {
            delta = ChecksumUpdate.delta128(from: frame.source, to: target.destination)
            ip.storeAddressBits(target.destination, at: 8)
            ports = ports & 0xffff | UInt32(target.destinationPort) << 16
        }
        if way.pointee.flags.contains(.rewritesDestination) {
            delta &+= ChecksumUpdate.delta128(from: frame.destination, to: target.source)
            ip.storeAddressBits(target.source, at: 24)
            ports = ports & 0xffff_0000 | UInt32(target.sourcePort)
        }
        ip.storeBE32(ports, at: 40)
        updateTransport(frame, ip + 40, delta &+ ChecksumUpdate.delta32(from: frame.ports, to: ports))
    }

    /// At least 28 bytes, in strides of sixteen; the last stride overlaps the one before, so that nothing behind the
    /// packet is read. The usual sizes without a loop.
    @inline(__always)
    private func copyPacket(_ from: UnsafeRawPointer, _ count: Int, to: UnsafeMutableRawPointer) {
        if count <= 64 {
            let last = count &- 16
            let middle = min(16, last)
            copyStride(from, to, 0)
            copyStride(from, to, middle)
            copyStride(from, to, max(last &- 16, middle))
            copyStride(from, to, last)
        } else {
            to.copyMemory(from: from, byteCount: count)
        }
    }

    @inline(__always)
    private func copyStride(_ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _ at: Int) {
        to.storeBytes(
            of: from.loadUnaligned(fromByteOffset: at, as: SIMD2<UInt64>.self), toByteOffset: at, as: SIMD2<UInt64>.self)
    }
}
