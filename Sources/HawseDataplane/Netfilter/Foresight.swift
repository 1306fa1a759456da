import CShims
import HawseModel
import HawseWire

/// What the first packets of connections in a batch will meet in nat PREROUTING: the rule that a run's hash leads to, the
/// chain that it jumps to, and the one of several destinations that `statistic` is going to draw. `ForesightRun` says when.
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
        record.pointee.addressMask | record.pointee.placeMask == 0
            && record.pointee.flags.isDisjoint(with: [.hasOperations, .draws])
    }

    /// How far one frame has been followed.
    struct Step {
        var tag: UInt32 = 0
        /// Its source's hash in the list of connections.
        var source: UInt32 = 0
        /// The Service's chain marks it for masquerading.
        var isMarked = false
        /// `nil`: it is of no interest (any more).
        var record: UnsafeMutablePointer<RuleRecord>?
    }

    /// Its rule's place in the hash. False: it is not one that can be followed.
    @inline(__always)
    func begin(_ frame: InputFrame, _ step: UnsafeMutablePointer<Step>) -> Bool {
        guard frame.bytes.count >= 42, let base = frame.bytes.baseAddress, base.loadEtherType(at: 12) == .ipv4,
            base.load8(at: 14) == 0x45
        else { return false }
        let tag = Classifier.hash(
            classifier.pointee.fields, AddressBits(ipv4: base.loadBE32(at: 26)), AddressBits(ipv4: base.loadBE32(at: 30)),
            base.loadProtocol(at: 23), base.loadBE16(at: 34), base.loadBE16(at: 36))
        step.pointee.tag = tag
        step.pointee.record = records
        hawse_prefetch(UnsafeRawPointer(classifier.pointee.slots + Int(tag & classifier.pointee.slotMask)))
        return true
    }

    /// The rule.
    @inline(__always)
    func fetchRule(_ step: UnsafeMutablePointer<Step>) {
        let head = classifier.pointee.head(step.pointee.tag)
        step.pointee.record = head == classifier.pointee.end ? nil : records + Int(head)
        hawse_prefetch(UnsafeRawPointer(records + Int(head)))
    }

    /// The beginning of the Service's chain.
    @inline(__always)
    func enterChain(_ step: UnsafeMutablePointer<Step>, _ record: UnsafeMutablePointer<RuleRecord>) {
        if record.pointee.hasUntoldOperations { fetchOperations(record) }
        step.pointee.record = nil
        guard record.pointee.target == .jump || record.pointee.target == .goto else { return }
        let chain = records + Int(record.pointee.argument)
        step.pointee.record = chain
        fetchRecords(chain)
    }

    /// The next two records of a chain of which so many have been looked at, unless it has ended.
    @inline(__always)
    func fetchRest(of chain: UnsafeMutablePointer<RuleRecord>, behind count: Int) {
        for place in 0..<count where chain[place].target == .return { return }
        fetchRecords(chain + count)
    }

    /// Two at a time: of eight frames that is as much as can be on its way at once.
    @inline(__always)
    private func fetchRecords(_ record: UnsafeMutablePointer<RuleRecord>) {
        hawse_prefetch(UnsafeRawPointer(record))
        hawse_prefetch(UnsafeRawPointer(record + 1))
    }

    /// The endpoint's chain, by the draws that are about to be made.
    @inline(__always)
    func choose(
        _ step: UnsafeMutablePointer<Step>, _ chain: UnsafeMutablePointer<RuleRecord>, _ frame: InputFrame,
        _ chance: inout RandomStream
    ) {
        guard let base = frame.bytes.baseAddress else { return }
        step.pointee.isMarked = marks(chain, base.loadBE64(at: 26))
        step.pointee.record = draw(chain, &chance)
    }

    /// What the endpoint's chain does.
    @inline(__always)
    func fetchTargets(of chain: UnsafeMutablePointer<RuleRecord>) {
        fetchTarget(chain)
        if chain.pointee.target != .return { fetchTarget(chain + 1) }
    }

    /// Where the frame will be sent to, once its endpoint is known.
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

    /// A chain's operations, which stand one behind the other.
    @inline(__always)
    func fetchOperations(of chain: UnsafeMutablePointer<RuleRecord>) {
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
        if record.pointee.flags.contains(.draws) { return StatisticOperation.wins(record.pointee.operations, &chance) }
        return !record.pointee.flags.contains(.hasOperations)
    }
}
