import CShims
import HawseModel
import HawseWire

/// What the first packets of connections in a batch will meet in nat PREROUTING: the rule that a run's hash leads to, the
/// chain that it jumps to, and the one of several destinations that `statistic` is going to draw. All of it is fetched for all
/// packets side by side, before the first of them is walked.
///
/// Nothing is decided here: a wrong guess costs a cache miss, no more.
struct Foresight {
    /// With fewer rules there is nothing to fetch.
    static let worthwhile = 32
    private static let line = 64
    /// Records of a chain that are looked at.
    private static let longestChain = 12

    private let program: UnsafeMutablePointer<TableProgram>
    private let records: UnsafeMutablePointer<RuleRecord>
    private let classifier: UnsafeMutablePointer<Classifier>

    /// `nil` when the hook's rules are few, or do not lead to a hash at once.
    init?(_ family: UnsafeMutablePointer<NetfilterFamily>, _ table: TableIndex, _ hook: Hook) {
        guard family.pointee.has(table, hook), let program = family.pointee.programs[Int(table.rawValue)],
            program.pointee.recordSpace.used >= Self.worthwhile
        else { return nil }
        self.program = program
        records = program.pointee.records
        var record = records + Int(program.pointee.entries[Int(hook.rawValue)])
        for _ in 0..<4 {
            if record.pointee.classifier != 0 { break }
            guard Self.isUnconditional(record), record.pointee.target == .jump || record.pointee.target == .goto else { return nil }
            record = records + Int(record.pointee.argument)
        }
        guard record.pointee.classifier != 0 else { return nil }
        classifier = program.pointee.classifiers.base + Int(record.pointee.classifier &- 1)
    }

    @inline(__always)
    private static func isUnconditional(_ record: UnsafeMutablePointer<RuleRecord>) -> Bool {
        record.pointee.addressMask | record.pointee.placeMask == 0 && !record.pointee.flags.contains(.hasOperations)
    }

    /// How far one frame has been followed.
    struct Step {
        var tag: UInt32 = 0
        /// The Service's chain marks it for masquerading.
        var isMarked = false
        /// `nil`: it is of no interest (any more).
        var record: UnsafeMutablePointer<RuleRecord>?
    }

    /// `wanted`: which frames, by bit. `steps` has room for all.
    func fetch(
        _ frames: UnsafeBufferPointer<InputFrame>, _ wanted: UInt64, _ steps: UnsafeMutableBufferPointer<Step>,
        _ chance: RandomStream
    ) {
        for index in 0..<frames.count {
            steps[index] = Step()
            guard wanted >> UInt64(index) & 1 != 0, frames[index].bytes.count >= 42, let base = frames[index].bytes.baseAddress,
                base.loadBE16(at: 12) == EtherType.ipv4.rawValue, base.load8(at: 14) == 0x45
            else { continue }
            let tag = Classifier.hash(
                classifier.pointee.fields, AddressBits(ipv4: base.loadBE32(at: 26)), AddressBits(ipv4: base.loadBE32(at: 30)),
                IPProtocol(rawValue: base.load8(at: 23)), base.loadBE16(at: 34), base.loadBE16(at: 36))
            steps[index].tag = tag
            steps[index].record = records
            hawse_prefetch(UnsafeRawPointer(classifier.pointee.slots + Int(tag & classifier.pointee.slotMask)))
        }
        for index in 0..<frames.count where steps[index].record != nil {
            let head = classifier.pointee.head(steps[index].tag)
            steps[index].record = head == classifier.pointee.end ? nil : records + Int(head)
            hawse_prefetch(UnsafeRawPointer(records + Int(head)))
        }
        for index in 0..<frames.count {
            guard let record = steps[index].record else { continue }
            if record.pointee.hasUntoldOperations { fetchOperations(record) }
            steps[index].record = nil
            guard record.pointee.target == .jump || record.pointee.target == .goto else { continue }
            let chain = records + Int(record.pointee.argument)
            steps[index].record = chain
            for place in 0..<6 { hawse_prefetch(UnsafeRawPointer(chain + place)) }
        }
        for index in 0..<frames.count {
            guard let chain = steps[index].record else { continue }
            fetchChain(chain)
        }
        var chance = chance
        for index in 0..<frames.count {
            guard let chain = steps[index].record, let base = frames[index].bytes.baseAddress else { continue }
            steps[index].isMarked = marks(chain, base.loadBE64(at: 26))
            steps[index].record = draw(chain, &chance)
        }
        for index in 0..<frames.count {
            guard let chain = steps[index].record else { continue }
            fetchTarget(chain)
            if chain.pointee.target != .return { fetchTarget(chain + 1) }
        }
    }

    /// Where the frame will be sent to, once `fetch` has found its endpoint.
    @inline(__always)
    func destination(_ step: Step) -> (address: UInt32, port: UInt16?)? {
        guard var record = step.record else { return nil }
        if record.pointee.target != .dnat, record.pointee.target != .return { record += 1 }
        guard record.pointee.target == .dnat else { return nil }
        let action = (program.pointee.arena + Int(record.pointee.argument)).assumingMemoryBound(to: NATAction.self)
        return (
            action.pointee.range.minimum.ipv4,
            action.pointee.range.flags.contains(.protoSpecified) ? action.pointee.range.minimumPort : nil
        )
    }

    /// kube-proxy's first rule of a Service jumps to the chain that marks.
    @inline(__always)
    private func marks(_ chain: UnsafeMutablePointer<RuleRecord>, _ addresses: UInt64) -> Bool {
        guard chain.pointee.target == .jump, records[Int(chain.pointee.argument)].target == .mark else { return false }
        let difference = (addresses & chain.pointee.addressMask) ^ chain.pointee.addresses
        return (difference >> 32 != 0) == chain.pointee.flags.contains(.sourceInverted)
    }

    @inline(__always)
    private func fetchArena(_ offset: UInt32) {
        hawse_prefetch(UnsafeRawPointer(program.pointee.arena + Int(offset)))
    }

    @inline(__always)
    private func fetchTarget(_ record: UnsafeMutablePointer<RuleRecord>) {
        if record.pointee.hasUntoldOperations { fetchOperations(record) }
        if record.pointee.target == .dnat { fetchArena(record.pointee.argument) }
    }

    @inline(__always)
    private func fetchOperations(_ record: UnsafeMutablePointer<RuleRecord>) { fetchArena(record.pointee.operations) }

    /// A chain's operations stand one behind the other.
    @inline(__always)
    private func fetchChain(_ chain: UnsafeMutablePointer<RuleRecord>) {
        var record = chain
        var next: UInt32 = 0
        for _ in 0..<Self.longestChain {
            if record.pointee.hasUntoldOperations, record.pointee.operations >= next {
                fetchOperations(record)
                next = record.pointee.operations | UInt32(Self.line - 1)
            }
            if record.pointee.target == .return { return }
            record += 1
        }
    }

    /// The chain that this one goes on to: by the draws that its rules are going to make.
    @inline(__always)
    private func draw(
        _ chain: UnsafeMutablePointer<RuleRecord>, _ chance: inout RandomStream
    ) -> UnsafeMutablePointer<RuleRecord>? {
        var record = chain
        for _ in 0..<Self.longestChain {
            if record.pointee.target == .return { return nil }
            if record.pointee.addressMask | record.pointee.placeMask == 0, record.pointee.target == .jump, wins(record, &chance) {
                let target = records + Int(record.pointee.argument)
                hawse_prefetch(UnsafeRawPointer(target))
                hawse_prefetch(UnsafeRawPointer(target + 1))
                return target
            }
            record += 1
        }
        return nil
    }

    @inline(__always)
    private func wins(_ record: UnsafeMutablePointer<RuleRecord>, _ chance: inout RandomStream) -> Bool {
        guard record.pointee.flags.contains(.hasOperations) else { return true }
        let place = program.pointee.arena + Int(record.pointee.operations)
        guard place.load(as: OperationHeader.self).code == .statistic else { return false }
        let operation = (place + OperationHeader.size).assumingMemoryBound(to: StatisticOperation.self)
        guard operation.pointee.isRandom else { return false }
        return chance.nextUInt32() & 0x7fff_ffff < operation.pointee.probability
    }
}

extension Walk {
    /// Fetches what these frames, by bit, will meet: they are first packets.
    @inline(never)
    func foresee(_ frames: UnsafeBufferPointer<InputFrame>, _ newcomers: UInt64) {
        guard let foresight = Foresight(node.pointee.netfilter4, .nat, .prerouting) else { return }
        withUnsafeTemporaryAllocation(of: Foresight.Step.self, capacity: FlowCache.batch) { steps in
            foresight.fetch(frames, newcomers, steps, node.pointee.chance.statistic)
            var ports = node.pointee.chance.natPort
            for index in 0..<frames.count {
                guard let destination = foresight.destination(steps[index]), let base = frames[index].bytes.baseAddress
                else { continue }
                foresee(frames[index], base, destination, steps[index].isMarked, &ports)
            }
        }
    }

    /// Behind the rules: the route to the endpoint, the list of the source, and the places of the answers in the index. DNAT
    /// looks whether the endpoint's answer to the client is taken; a masqueraded connection's is to the node, at the port that
    /// will be drawn next.
    @inline(__always)
    private func foresee(
        _ frame: InputFrame, _ base: UnsafeRawPointer, _ destination: (address: UInt32, port: UInt16?), _ isMarked: Bool,
        _ ports: inout RandomStream
    ) {
        let source = AddressBits(ipv4: base.loadBE32(at: 26))
        let target = AddressBits(ipv4: destination.address)
        let tag = RouteCache.inputTag(frame.interface, base.load8(at: 15) & 0xfc, isIPv4: true)
        node.pointee.routing.cache.prefetch(source, target, 0, tag)
        var reply = Tuple(
            source: target, destination: source, sourcePort: destination.port ?? base.loadBE16(at: 36),
            destinationPort: base.loadBE16(at: 34), ipProtocol: IPProtocol(rawValue: base.load8(at: 23)), version: 4)
        var original = reply
        original.source = source
        original.sourcePort = reply.destinationPort
        node.pointee.connections.bySource.prefetch(SourceList.hash(original))
        node.pointee.connections.prefetch(node.pointee.connections.hash(reply, zone: 0))
        if isMarked {
            reply.destination = node.pointee.routing.sources.latest.address
            reply.destinationPort = UInt16(truncatingIfNeeded: 1024 + Int(UInt16(truncatingIfNeeded: ports.nextUInt32())) % 64512)
            node.pointee.connections.prefetch(node.pointee.connections.hash(reply, zone: 0))
        }
    }
}
