import HawseModel
import HawseWire

/// A run of neighbouring rules that each ask for an exact address, protocol or port: instead of trying one after the
/// other, a hash of the packet's fields finds those that may match.
///
/// Only rules that cannot match, and whose trying would have had no effect, are passed over; what is found is evaluated
/// as ever, in the order of the chain. So verdicts and counters are those of the linear way.
struct Classifier: BitwiseCopyable {
    /// Which fields the hash covers.
    struct Fields: OptionSet, BitwiseCopyable {
        let rawValue: UInt8
        static let source = Fields(rawValue: 1 << 0)
        static let destination = Fields(rawValue: 1 << 1)
        static let ipProtocol = Fields(rawValue: 1 << 2)
        static let sourcePort = Fields(rawValue: 1 << 3)
        static let destinationPort = Fields(rawValue: 1 << 4)

        static let ports: Fields = [.sourcePort, .destinationPort]
        /// Worth a hash: a protocol alone is not.
        static let telling: Fields = [.source, .destination, .sourcePort, .destinationPort]
    }

    /// One bucket: the first rule of a group with equal hashes.
    struct Slot: BitwiseCopyable {
        var tag: UInt32
        /// Record index; `.max`: empty.
        var head: UInt32
    }

    /// Shorter runs are tried one by one.
    static let shortest = 8

    /// Records `first..<end`.
    var first: UInt32
    var end: UInt32
    var fields: Fields
    var slotMask: UInt32
    var slots: UnsafeMutablePointer<Slot>
    /// By record, from `first` on: its hash, and the next record of its group (`end`: none).
    var tags: UnsafeMutablePointer<UInt32>
    var next: UnsafeMutablePointer<UInt32>
    /// The memory is an image's.
    var isShared = false

    func deallocate() {
        if isShared { return }
        slots.deallocate()
        tags.deallocate()
        next.deallocate()
    }

    /// 32 bits of hash over the fields in question; those not asked for are zero on both sides.
    @inline(__always)
    static func hash(
        _ fields: Fields, _ source: AddressBits, _ destination: AddressBits, _ ipProtocol: IPProtocol, _ sourcePort: UInt16,
        _ destinationPort: UInt16
    ) -> UInt32 {
        var rest: UInt64 = 0
        if fields.contains(.ipProtocol) { rest |= UInt64(ipProtocol.rawValue) }
        if fields.contains(.sourcePort) { rest |= UInt64(sourcePort) << 8 }
        if fields.contains(.destinationPort) { rest |= UInt64(destinationPort) << 24 }
        let a = fields.contains(.source) ? source : .zero
        let b = fields.contains(.destination) ? destination : .zero
        let hash = FlowHash(seed: 0x5e1f_ca11_ab1e_5eed)(a, b, rest)
        return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
    }

    /// The first record of the group; `end` when there is none.
    @inline(__always)
    func head(_ tag: UInt32) -> UInt32 {
        var i = tag & slotMask
        while slots[Int(i)].head != .max {
            if slots[Int(i)].tag == tag { return slots[Int(i)].head }
            i = (i &+ 1) & slotMask
        }
        return end
    }
}

/// A program's classifiers; records name them by number from 1.
struct ClassifierList {
    private(set) var base: UnsafeMutablePointer<Classifier>
    private(set) var count = 0
    private var capacity = 8
    private var free: [Int] = []
    /// By chain: its classifiers' numbers.
    private var ofChain: [Int: [Int]] = [:]

    init() { base = .allocate(capacity: capacity) }

    func deallocate() {
        for i in 0..<count where !free.contains(i) { base[i].deallocate() }
        base.deallocate()
    }

    /// A list of one's own of classifiers that stay this one's.
    func shared() -> ClassifierList {
        var copy = self
        copy.base = .allocate(capacity: capacity)
        copy.base.initialize(from: base, count: count)
        for i in 0..<count { copy.base[i].isShared = true }
        return copy
    }

    /// Takes a chain's classifiers away; false when it has none.
    mutating func remove(of chain: Int) -> Bool {
        guard let numbers = ofChain.removeValue(forKey: chain) else { return false }
        for number in numbers {
            base[number].deallocate()
            free.append(number)
        }
        return true
    }

    /// The number, from 1, under which a classifier of the chain is kept.
    mutating func insert(_ classifier: Classifier, of chain: Int) -> UInt32 {
        let number: Int
        if let reused = free.popLast() {
            number = reused
            base[number] = classifier
        } else {
            if count == capacity {
                let larger = UnsafeMutablePointer<Classifier>.allocate(capacity: capacity * 2)
                larger.moveInitialize(from: base, count: count)
                base.deallocate()
                base = larger
                capacity *= 2
            }
            number = count
            (base + number).initialize(to: classifier)
            count += 1
        }
        ofChain[chain, default: []].append(number)
        return UInt32(number + 1)
    }
}

extension TableProgram {
    /// Finds the runs of a chain anew, and hashes them.
    mutating func classify(_ chain: Int) {
        let count = chains[chain].model.rules.count
        let start = Int(chains[chain].start)
        if classifiers.remove(of: chain) {
            for i in start..<start + count { records[i].classifier = 0 }
        }
        guard count >= Classifier.shortest else { return }
        var builder = ClassifierBuilder(records: records, arena: arena, family: family)
        builder.scan(start..<start + count)
        for classifier in builder.classifiers {
            let number = classifiers.insert(classifier, of: chain)
            for i in Int(classifier.first)..<Int(classifier.end) { records[i].classifier = number }
        }
    }
}

extension UnsafeMutablePointer where Pointee == TableProgram {
    /// The first record from `index` on, within the run it stands in, that may match the packet; the run's end when
    /// none does.
    @inline(never)
    func candidate(
        _ record: UnsafeMutablePointer<RuleRecord>, _ packet: PacketRef, isChainBroken: Bool
    ) -> UnsafeMutablePointer<RuleRecord> {
        let records = pointee.records
        let classifier = pointee.classifiers.base + Int(record.pointee.classifier &- 1)
        let wanted = classifier.pointee.fields
        var sourcePort: UInt16 = 0
        var destinationPort: UInt16 = 0
        // A packet whose headers are not all there may have to be dropped by a rule that looks for them.
        if wanted.contains(.ipProtocol), isChainBroken { return record }
        if !wanted.isDisjoint(with: .ports) {
            let needed: Int
            switch packet.pointee.ipProtocol {
            case .tcp: needed = TCPHeader.length
            case .udp, .udplite: needed = UDPHeader.length
            default: return records + Int(classifier.pointee.end)
            }
            guard !packet.isLaterFragment, packet.transportLength >= needed else { return record }
            sourcePort = packet.transportPointer.loadBE16(at: 0)
            destinationPort = packet.transportPointer.loadBE16(at: 2)
        }
        let tag = Classifier.hash(
            wanted, packet.sourceBits, packet.destinationBits, packet.pointee.ipProtocol, sourcePort, destinationPort)
        let index = record - records
        let first = Int(classifier.pointee.first)
        // Coming from a rule of the same group, the next one is known.
        if index > first, classifier.pointee.tags[index &- 1 &- first] == tag {
            return records + Int(classifier.pointee.next[index &- 1 &- first])
        }
        var found = classifier.pointee.head(tag)
        while Int(found) < index { found = classifier.pointee.next[Int(found) &- first] }
        return records + Int(found)
    }
}
