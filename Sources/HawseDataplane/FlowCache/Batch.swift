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
        Walk<Plain>(node: node).enter(frames, Unmanaged.passUnretained(self))
    }
}

/// What is known of a frame before its turn comes.
struct FramePlan {
    /// `nil`: not one that a known flow sends.
    var frame: KnownFrame?
    var own = FlowHint()
    /// Of the frame within it.
    var inner = FlowHint()
}

extension Walk {
    /// Batches one after the other, the packets of each strictly in order. While one is worked on, the next is prepared:
    /// its headers are read and the buckets fetched first, the records in the middle, what hangs on the records at the
    /// end, so that nobody waits for memory.
    fileprivate func enter(_ frames: UnsafeBufferPointer<InputFrame>, _ dataplane: Unmanaged<Dataplane>) {
        var plans = node.pointee.flows.plans
        var others = plans + FlowCache.batch
        fetch(frames, 0)
        fetch(frames, FlowCache.batch)
        var batch = part(frames, 0)
        read(batch, plans)
        var newcomers = fetchRecords(plans, batch.count)
        fetchLinks(plans, batch.count)
        var start = 0
        while !batch.isEmpty {
            start += batch.count
            let next = part(frames, start)
            fetch(frames, start + FlowCache.batch)
            read(next, others)
            if newcomers != 0 { foresee(batch, all(newcomers, of: batch, plans)) }
            let middle = batch.count / 2
            work(batch, plans, 0..<middle, dataplane)
            newcomers = fetchRecords(others, next.count)
            work(batch, plans, middle..<batch.count, dataplane)
            fetchLinks(others, next.count)
            swap(&plans, &others)
            batch = next
        }
    }

    @inline(__always)
    private func part(_ frames: UnsafeBufferPointer<InputFrame>, _ start: Int) -> UnsafeBufferPointer<InputFrame> {
        UnsafeBufferPointer(rebasing: frames[start..<min(start + FlowCache.batch, frames.count)])
    }

    /// The headers of the batch that begins there are on their way.
    @inline(__always)
    private func fetch(_ frames: UnsafeBufferPointer<InputFrame>, _ start: Int) {
        for index in start..<max(min(start + FlowCache.batch, frames.count), start) {
            guard let base = frames[index].bytes.baseAddress else { continue }
            hawse_prefetch(base)
            // The last header byte that every frame has.
            hawse_prefetch(base + min(53, max(frames[index].bytes.count - 1, 0)))
        }
    }

    @inline(__always)
    private func work(
        _ frames: UnsafeBufferPointer<InputFrame>, _ plans: UnsafeMutablePointer<FramePlan>, _ range: Range<Int>,
        _ dataplane: Unmanaged<Dataplane>
    ) {
        for index in range {
            let frame = frames[index]
            if node.pointee.timers.next <= frame.time || node.pointee.ipvs.needsAdvance(frame.time) {
                dataplane._withUnsafeGuaranteedRef { $0.advance(to: frame.time) }
            }
            if node.pointee.now < frame.time { node.pointee.now = frame.time }
            node.pointee.frameOrdinal &+= 1 &+ UInt64(frame.skipped)
            enter(frame.bytes, frame.interface, plans + index)
        }
    }

    /// Reads the headers and fetches the buckets of the index.
    @inline(__always)
    private func read(_ frames: UnsafeBufferPointer<InputFrame>, _ plans: UnsafeMutablePointer<FramePlan>) {
        let hasTunnels = node.pointee.vxlan.count > 0
        for index in 0..<frames.count {
            let plan = plan(frames[index].bytes, hasTunnels)
            (plans + index).initialize(to: plan)
            if plan.own.hash != 0 { node.pointee.connections.prefetch(plan.own.hash) }
            if plan.inner.hash != 0 { node.pointee.connections.prefetch(plan.inner.hash) }
        }
    }

    /// Looks into the buckets and fetches the records; which frames have none, by bit.
    @inline(__always)
    private func fetchRecords(_ plans: UnsafeMutablePointer<FramePlan>, _ count: Int) -> UInt64 {
        var newcomers: UInt64 = 0
        for index in 0..<count where plans[index].own.hash != 0 {
            plans[index].own.reference = node.pointee.connections.prefetchRecord(plans[index].own.hash)
            if plans[index].own.reference == 0 { newcomers |= 1 << UInt64(index) }
            guard plans[index].inner.hash != 0 else { continue }
            plans[index].inner.reference = node.pointee.connections.prefetchRecord(plans[index].inner.hash)
        }
        return newcomers
    }

    /// Of many newcomers each has to be seen, also one whose bucket has a record that only looks like its own: what one draws
    /// shifts the draws of those behind it.
    @inline(never)
    private func all(
        _ newcomers: UInt64, of frames: UnsafeBufferPointer<InputFrame>, _ plans: UnsafeMutablePointer<FramePlan>
    ) -> UInt64 {
        guard newcomers.nonzeroBitCount > frames.count / 2 else { return newcomers }
        let view = node.pointee.connections.view
        var all = newcomers
        for index in 0..<frames.count {
            let reference = plans[index].own.reference
            guard reference != 0, let base = frames[index].bytes.baseAddress, base.load8(at: 14) == 0x45 else { continue }
            if !view.isOf(reference, base.loadBE64(at: 26), base.loadBE32(at: 34)) { all |= 1 << UInt64(index) }
        }
        return all
    }

    @inline(__always)
    private func fetchLinks(_ plans: UnsafeMutablePointer<FramePlan>, _ count: Int) {
        let isVirtual = node.pointee.ipvs.active != 0
        guard isVirtual || node.pointee.vxlan.count > 0 || node.pointee.connections.hasExtensions else { return }
        let virtual = isVirtual ? UnsafeRawPointer(node.pointee.ipvs.connections.records.base) : nil
        for index in 0..<count {
            if plans[index].own.reference != 0 {
                node.pointee.connections.prefetchLink(plans[index].own.reference, virtual)
            }
            if plans[index].inner.reference != 0 {
                node.pointee.connections.prefetchLink(plans[index].inner.reference, virtual)
            }
        }
    }

    /// The frame's headers, and the hashes under which its connections are found. A look, not a check.
    @inline(__always)
    private func plan(_ frame: UnsafeRawBufferPointer, _ hasTunnels: Bool) -> FramePlan {
        guard frame.count >= 42, let base = frame.baseAddress else { return FramePlan() }
        var plan = FramePlan(frame: KnownFrame(base, count: frame.count))
        guard let known = plan.frame else {
            // A connection's first packet, or its last.
            plan.own.hash = quickHash(base, frame.count)
            return plan
        }
        plan.own.hash = node.pointee.connections.hash(known.tuple, zone: 0)
        if hasTunnels, known.isIPv4, known.ipProtocol == 17, frame.count >= 92,
            node.pointee.vxlan.listens(known.destinationPort, version: 4)
        {
            plan.inner.hash = quickHash(base + 50, frame.count - 50)
        }
        return plan
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
