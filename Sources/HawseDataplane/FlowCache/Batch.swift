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

extension InputFrame {
    @inline(__always)
    func prefetchHeaders() {
        guard let base = bytes.baseAddress else { return }
        hawse_prefetch(base)
        // The last header byte that every frame has.
        hawse_prefetch(base + min(53, max(bytes.count - 1, 0)))
    }
}

extension Dataplane {
    /// Many frames, in the order of their arrival: the same as one after the other, but what each will need of memory is
    /// on its way before its turn comes.
    public func receive(_ frames: UnsafeBufferPointer<InputFrame>) {
        if node.pointee.now == .zero, let first = frames.first { advance(to: first.time) }
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
    /// its headers are read and the buckets fetched first, then with each packet a record or two, in the second half what
    /// hangs on them, so that nobody waits for memory. A few at a time: a core takes no more than some two dozen misses at
    /// once, and what it is asked to fetch beyond them is not fetched.
    fileprivate func enter(_ frames: UnsafeBufferPointer<InputFrame>, _ dataplane: Unmanaged<Dataplane>) {
        var plans = node.pointee.flows.plans
        var others = plans + FlowCache.batch
        for index in 0..<min(2 * FlowCache.batch, frames.count) { fetch(frames, index) }
        var batch = part(frames, 0)
        read(batch, plans)
        var newcomers: UInt64 = 0
        for index in 0..<batch.count { newcomers |= fetchRecord(plans, index) }
        let links = FlowLinks(node)
        if links.areKept { for index in 0..<batch.count { fetchLink(plans + index, links) } }
        var foresight = newcomers == 0 ? nil : ForesightRun(node, node.pointee.flows.steps)
        var start = 0
        while !batch.isEmpty {
            start += batch.count
            let next = part(frames, start)
            read(next, others)
            if newcomers == 0 {
                newcomers = work(batch, plans, frames, start, others, next, dataplane)
                if newcomers != 0, foresight == nil { foresight = ForesightRun(node, node.pointee.flows.steps) }
            } else {
                newcomers = work(batch, all(newcomers, of: batch, plans), plans, frames, start, others, next, &foresight, dataplane)
            }
            swap(&plans, &others)
            batch = next
        }
    }

    /// One batch, and with each of its packets a part of what the next one needs. Returns which of that are first packets.
    @inline(__always)
    private func work(
        _ batch: UnsafeBufferPointer<InputFrame>, _ plans: UnsafeMutablePointer<FramePlan>,
        _ frames: UnsafeBufferPointer<InputFrame>, _ start: Int, _ others: UnsafeMutablePointer<FramePlan>,
        _ next: UnsafeBufferPointer<InputFrame>, _ dataplane: Unmanaged<Dataplane>
    ) -> UInt64 {
        let links = FlowLinks(node)
        var newcomers: UInt64 = 0
        for index in 0..<batch.count {
            newcomers |= prepare(index, frames, start, others, next.count, links)
            work(batch[index], plans + index, dataplane)
        }
        if next.count & 1 != 0 { newcomers |= fetchRecord(others, next.count &- 1) }
        return newcomers
    }

    /// The same for a batch with first packets, by bit: what they will meet in the rules is fetched as well.
    @inline(never)
    private func work(
        _ batch: UnsafeBufferPointer<InputFrame>, _ first: UInt64, _ plans: UnsafeMutablePointer<FramePlan>,
        _ frames: UnsafeBufferPointer<InputFrame>, _ start: Int, _ others: UnsafeMutablePointer<FramePlan>,
        _ next: UnsafeBufferPointer<InputFrame>, _ foresight: inout ForesightRun?, _ dataplane: Unmanaged<Dataplane>
    ) -> UInt64 {
        let links = FlowLinks(node)
        let group = ForesightRun.group
        var newcomers: UInt64 = 0
        if foresight?.hasFollowed(batch, node) == false { foresight?.catchUp(batch, first, node) }
        for index in 0..<batch.count {
            newcomers |= prepare(index, frames, start, others, next.count, links)
            if index & (group &- 1) == 0 {
                if index &+ group < batch.count {
                    foresight?.begin(batch, index / group &+ 1, first)
                } else {
                    foresight?.begin(next, 0, newcomers == 0 ? 0 : all(newcomers, of: next, others))
                }
            }
            foresight?.run(index & (group &- 1), node)
            work(batch[index], plans + index, dataplane)
        }
        if next.count & 1 != 0 { newcomers |= fetchRecord(others, next.count &- 1) }
        return newcomers
    }

    /// What is done for later packets before the one at `index`.
    @inline(__always)
    private func prepare(
        _ index: Int, _ frames: UnsafeBufferPointer<InputFrame>, _ start: Int, _ others: UnsafeMutablePointer<FramePlan>,
        _ count: Int, _ links: FlowLinks
    ) -> UInt64 {
        let half = FlowCache.batch / 2
        let ahead = start &+ FlowCache.batch &+ index
        if ahead < frames.count { fetch(frames, ahead) }
        let pair = (index & (half &- 1)) &* 2
        guard pair &+ 1 < count else { return 0 }
        if index < half { return fetchRecord(others, pair) | fetchRecord(others, pair &+ 1) }
        if links.areKept {
            fetchLink(others + pair, links)
            fetchLink(others + (pair &+ 1), links)
        }
        return 0
    }

    @inline(__always)
    private func part(_ frames: UnsafeBufferPointer<InputFrame>, _ start: Int) -> UnsafeBufferPointer<InputFrame> {
        UnsafeBufferPointer(rebasing: frames[start..<min(start + FlowCache.batch, frames.count)])
    }

    /// A frame's headers are on their way.
    @inline(__always)
    private func fetch(_ frames: UnsafeBufferPointer<InputFrame>, _ index: Int) {
        frames[index].prefetchHeaders()
    }

    @inline(__always)
    private func work(_ frame: InputFrame, _ plan: UnsafeMutablePointer<FramePlan>, _ dataplane: Unmanaged<Dataplane>) {
        if node.pointee.timers.next <= frame.time || node.pointee.ipvs.needsAdvance(frame.time) {
            dataplane._withUnsafeGuaranteedRef { $0.advance(to: frame.time) }
        }
        if node.pointee.now < frame.time { node.pointee.now = frame.time }
        node.pointee.frameOrdinal &+= 1 &+ UInt64(frame.skipped)
        enter(frame.bytes, frame.interface, plan)
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

    /// Looks into a frame's buckets and fetches its records; its bit when it has none.
    @inline(__always)
    private func fetchRecord(_ plans: UnsafeMutablePointer<FramePlan>, _ index: Int) -> UInt64 {
        let plan = plans + index
        guard plan.pointee.own.hash != 0 else { return 0 }
        plan.pointee.own.reference = node.pointee.connections.prefetchRecord(plan.pointee.own.hash)
        if plan.pointee.inner.hash != 0 {
            plan.pointee.inner.reference = node.pointee.connections.prefetchRecord(plan.pointee.inner.hash)
        }
        return plan.pointee.own.reference == 0 ? 1 << UInt64(index) : 0
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
    private func fetchLink(_ plan: UnsafeMutablePointer<FramePlan>, _ links: FlowLinks) {
        if plan.pointee.own.reference != 0 { node.pointee.connections.prefetchLink(plan.pointee.own.reference, links) }
        if plan.pointee.inner.reference != 0 { node.pointee.connections.prefetchLink(plan.pointee.inner.reference, links) }
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
        if hasTunnels, known.isIPv4, known.ipProtocol == .udp, frame.count >= 92,
            node.pointee.vxlan.listens(known.destinationPort, version: 4)
        {
            plan.inner.hash = quickHash(base + 50, frame.count - 50)
        }
        return plan
    }

    @inline(__always)
    private func quickHash(_ base: UnsafeRawPointer, _ count: Int) -> UInt64 {
        let type = base.loadEtherType(at: 12)
        let tuple: Tuple
        if type == .ipv4 {
            let number = base.loadProtocol(at: 23)
            guard base.load8(at: 14) == 0x45, base.loadBE16(at: 20) & 0x3fff == 0, number == .tcp || number == .udp else {
                return 0
            }
            tuple = Tuple(
                source: AddressBits(ipv4: base.loadBE32(at: 26)), destination: AddressBits(ipv4: base.loadBE32(at: 30)),
                sourcePort: base.loadBE16(at: 34), destinationPort: base.loadBE16(at: 36), ipProtocol: number, version: 4)
        } else {
            guard type == .ipv6, count >= 62 else { return 0 }
            let number = base.loadProtocol(at: 20)
            guard number == .tcp || number == .udp else { return 0 }
            tuple = Tuple(
                source: base.loadAddressBits(at: 22), destination: base.loadAddressBits(at: 38),
                sourcePort: base.loadBE16(at: 54), destinationPort: base.loadBE16(at: 56), ipProtocol: number, version: 6)
        }
        return node.pointee.connections.hash(tuple, zone: 0)
    }
}
