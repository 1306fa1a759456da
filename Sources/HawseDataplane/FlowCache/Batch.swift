import CShims
import HawseModel
import HawseWire

/// A frame that has arrived, for `Dataplane.receive(_:)` of many.
public struct InputFrame {
    public var bytes: UnsafeRawBufferPointer
    public var interface: UInt16
    public var time: Instant

    @inlinable
    public init(bytes: UnsafeRawBufferPointer, interface: UInt16, time: Instant) {
        self.bytes = bytes
        self.interface = interface
        self.time = time
    }
}

extension Dataplane {
    /// Many frames, in the order of their arrival: the same as one after the other, but what each will need of memory is
    /// on its way before its turn comes.
    public func receive(_ frames: UnsafeBufferPointer<InputFrame>) {
        if isTracing {
            for frame in frames { receive(frame.bytes, on: frame.interface, at: frame.time) }
            return
        }
        let walk = Walk<Plain>(node: node)
        var start = 0
        while start < frames.count {
            let count = min(FlowCache.batch, frames.count - start)
            walk.enter(UnsafeBufferPointer(rebasing: frames[start..<(start + count)]), Unmanaged.passUnretained(self))
            start += count
        }
    }
}

extension Walk {
    /// Up to `FlowCache.batch` frames. Three sweeps: fetch the headers; hash them and fetch the buckets; fetch the
    /// records. Then the packets themselves, strictly in order.
    func enter(_ frames: UnsafeBufferPointer<InputFrame>, _ dataplane: Unmanaged<Dataplane>) {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: FlowCache.batch) { hashes in
            for index in 0..<frames.count { if let base = frames[index].bytes.baseAddress { hawse_prefetch(base) } }
            for index in 0..<frames.count {
                let hash = quickHash(frames[index].bytes)
                hashes[index] = hash
                if hash != 0 { node.pointee.connections.prefetch(hash) }
            }
            for index in 0..<frames.count where hashes[index] != 0 {
                node.pointee.connections.prefetchRecord(hashes[index])
            }
            for index in 0..<frames.count {
                let frame = frames[index]
                if node.pointee.timers.next <= frame.time || node.pointee.ipvs.needsAdvance(frame.time) {
                    dataplane._withUnsafeGuaranteedRef { $0.advance(to: frame.time) }
                }
                if node.pointee.now < frame.time { node.pointee.now = frame.time }
                node.pointee.frameOrdinal &+= 1
                node.pointee.flows.hashHint = hashes[index]
                enter(frame.bytes, frame.interface)
            }
            node.pointee.flows.hashHint = 0
        }
    }

    /// The hash under which the connection of a plain IPv4 TCP or UDP frame is found; 0 for all others.
    @inline(__always)
    private func quickHash(_ frame: UnsafeRawBufferPointer) -> UInt64 {
        guard frame.count >= 42, let base = frame.baseAddress, base.loadBE16(at: 12) == 0x0800, base.load8(at: 14) == 0x45,
            base.loadBE16(at: 20) & 0x3fff == 0
        else { return 0 }
        let number = base.load8(at: 23)
        guard number == 6 || number == 17 else { return 0 }
        let tuple = Tuple(
            source: AddressBits(ipv4: base.loadBE32(at: 26)), destination: AddressBits(ipv4: base.loadBE32(at: 30)),
            sourcePort: base.loadBE16(at: 34), destinationPort: base.loadBE16(at: 36), ipProtocol: number, version: 4)
        return node.pointee.connections.hash(tuple, zone: 0)
    }
}
