import CShims
import HawseModel
import HawseWire

/// A frame that has arrived, for `Dataplane.receive(_:)` of many.
public struct InputFrame {
    public var bytes: UnsafeRawBufferPointer
    public var interface: UInt16
    /// Frames between the one before and this one that other shards have.
    @usableFromInline var skipped: UInt32 = 0
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
            for frame in frames {
                node.pointee.frameOrdinal &+= UInt64(frame.skipped)
                receive(frame.bytes, on: frame.interface, at: frame.time)
            }
            return
        }
        let walk = Walk<Plain>(node: node)
        var start = 0
        walk.fetch(frames, 0)
        while start < frames.count {
            let count = min(FlowCache.batch, frames.count - start)
            walk.fetch(frames, start + count)
            walk.enter(UnsafeBufferPointer(rebasing: frames[start..<(start + count)]), Unmanaged.passUnretained(self))
            start += count
        }
    }
}

/// Hints for a frame and for the one within it.
private struct FrameHints {
    var own = FlowHint()
    var inner = FlowHint()
}

extension Walk {
    /// The headers of the next `FlowCache.batch` frames are on their way.
    @inline(__always)
    fileprivate func fetch(_ frames: UnsafeBufferPointer<InputFrame>, _ start: Int) {
        for index in start..<max(min(start + FlowCache.batch, frames.count), start) {
            guard let base = frames[index].bytes.baseAddress else { continue }
            hawse_prefetch(base)
            // The last header byte that every frame has.
            hawse_prefetch(base + min(53, max(frames[index].bytes.count - 1, 0)))
        }
    }

    /// Up to `FlowCache.batch` frames whose headers have been fetched. Sweeps hash them and fetch the buckets; fetch the
    /// records; fetch what hangs on the records. Then the packets themselves, strictly in order.
    func enter(_ frames: UnsafeBufferPointer<InputFrame>, _ dataplane: Unmanaged<Dataplane>) {
        withUnsafeTemporaryAllocation(of: FrameHints.self, capacity: FlowCache.batch) { hints in
            prepare(frames, hints)
            for index in 0..<frames.count {
                let frame = frames[index]
                if node.pointee.timers.next <= frame.time || node.pointee.ipvs.needsAdvance(frame.time) {
                    dataplane._withUnsafeGuaranteedRef { $0.advance(to: frame.time) }
                }
                if node.pointee.now < frame.time { node.pointee.now = frame.time }
                node.pointee.frameOrdinal &+= 1 &+ UInt64(frame.skipped)
                enter(frame.bytes, frame.interface, hints[index].own, inner: hints[index].inner)
            }
        }
    }

    @inline(__always)
    private func prepare(_ frames: UnsafeBufferPointer<InputFrame>, _ hints: UnsafeMutableBufferPointer<FrameHints>) {
        let hasTunnels = node.pointee.vxlan.count > 0
        for index in 0..<frames.count {
            let hint = quickHashes(frames[index].bytes, hasTunnels)
            hints.initializeElement(at: index, to: hint)
            if hint.own.hash != 0 { node.pointee.connections.prefetch(hint.own.hash) }
            if hint.inner.hash != 0 { node.pointee.connections.prefetch(hint.inner.hash) }
        }
        var newcomers: UInt64 = 0
        for index in 0..<frames.count where hints[index].own.hash != 0 {
            hints[index].own.reference = node.pointee.connections.prefetchRecord(hints[index].own.hash)
            if hints[index].own.reference == 0 { newcomers |= 1 << UInt64(index) }
            guard hints[index].inner.hash != 0 else { continue }
            hints[index].inner.reference = node.pointee.connections.prefetchRecord(hints[index].inner.hash)
        }
        if newcomers != 0 { foresee(frames, newcomers) }
        let isVirtual = node.pointee.ipvs.active != 0
        guard hasTunnels || isVirtual || node.pointee.connections.hasExtensions else { return }
        let virtual = isVirtual ? UnsafeRawPointer(node.pointee.ipvs.connections.records.base) : nil
        for index in 0..<frames.count {
            if hints[index].own.reference != 0 {
                node.pointee.connections.prefetchLink(hints[index].own.reference, virtual)
            }
            if hints[index].inner.reference != 0 {
                node.pointee.connections.prefetchLink(hints[index].inner.reference, virtual)
            }
        }
    }

    /// The hashes under which the connections of a plain TCP or UDP frame are found. A look, not a check.
    @inline(__always)
    private func quickHashes(_ frame: UnsafeRawBufferPointer, _ hasTunnels: Bool) -> FrameHints {
        guard frame.count >= 42, let base = frame.baseAddress else { return FrameHints() }
        var hints = FrameHints(own: FlowHint(hash: quickHash(base, frame.count)))
        if hasTunnels, hints.own.hash != 0, frame.count >= 92, base.loadBE16(at: 12) == 0x0800, base.load8(at: 23) == 17,
            node.pointee.vxlan.listens(base.loadBE16(at: 36), version: 4)
        {
            hints.inner.hash = quickHash(base + 50, frame.count - 50)
        }
        return hints
    }

    @inline(__always)
    private func quickHash(_ base: UnsafeRawPointer, _ count: Int) -> UInt64 {
        let type = base.loadBE16(at: 12)
        let tuple: Tuple
        if type == 0x0800 {
            let number = base.load8(at: 23)
            guard base.load8(at: 14) == 0x45, base.loadBE16(at: 20) & 0x3fff == 0, number == 6 || number == 17 else {
                return 0
            }
            tuple = Tuple(
                source: AddressBits(ipv4: base.loadBE32(at: 26)), destination: AddressBits(ipv4: base.loadBE32(at: 30)),
                sourcePort: base.loadBE16(at: 34), destinationPort: base.loadBE16(at: 36), ipProtocol: number, version: 4)
        } else {
            guard type == 0x86dd, count >= 62 else { return 0 }
            let number = base.load8(at: 20)
            guard number == 6 || number == 17 else { return 0 }
            tuple = Tuple(
                source: base.loadAddressBits(at: 22), destination: base.loadAddressBits(at: 38),
                sourcePort: base.loadBE16(at: 54), destinationPort: base.loadBE16(at: 56), ipProtocol: number, version: 6)
        }
        return node.pointee.connections.hash(tuple, zone: 0)
    }
}
