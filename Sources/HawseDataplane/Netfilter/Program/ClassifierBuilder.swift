import HawseModel
import HawseWire

/// Finds the runs of a compiled table, and hashes them.
struct ClassifierBuilder {
    let records: UnsafeMutablePointer<RuleRecord>
    let arena: UnsafeMutableRawPointer
    let family: AddressFamily
    private(set) var classifiers: [Classifier] = []

    init(records: UnsafeMutablePointer<RuleRecord>, arena: UnsafeMutableRawPointer, family: AddressFamily) {
        self.records = records
        self.arena = arena
        self.family = family
    }

    /// Looks through one chain's rules.
    mutating func scan(_ rules: Range<Int>) {
        var start = rules.lowerBound
        while rules.upperBound - start >= Classifier.shortest {
            var fields = available(start)
            guard !fields.isDisjoint(with: .telling) else {
                start += 1
                continue
            }
            var end = start + 1
            while end < rules.upperBound {
                let common = fields.intersection(available(end))
                if common != fields {
                    // A long run is not spoilt by one rule that says less.
                    if end - start >= Classifier.shortest || common.isDisjoint(with: .telling) { break }
                    fields = common
                }
                end += 1
            }
            if end - start >= Classifier.shortest { build(start..<end, fields) }
            start = end
        }
    }

    /// The fields for which a rule asks for one value.
    private func available(_ index: Int) -> Classifier.Fields {
        let record = records[index]
        var fields: Classifier.Fields = []
        let full = AddressBits.mask(prefixLength: family.bitCount, family: family)
        let addresses = AddressOperation(record, arena, family)
        if addresses.source.mask == full, !addresses.source.inverted { fields.insert(.source) }
        if addresses.destination.mask == full, !addresses.destination.inverted { fields.insert(.destination) }
        guard record.hasProtocol, !record.flags.contains(.protocolInverted) else { return fields }
        fields.insert(.ipProtocol)
        let (source, destination) = ports(record)
        if source != nil { fields.insert(.sourcePort) }
        if destination != nil { fields.insert(.destinationPort) }
        return fields
    }

    /// Exact ports, when the first match is `tcp` or `udp`: matches in front of it might count something.
    private func ports(_ record: RuleRecord) -> (source: UInt16?, destination: UInt16?) {
        guard record.flags.contains(.hasOperations) else { return (nil, nil) }
        var place = arena + Int(record.operations)
        let first = place.load(as: OperationHeader.self)
        if first.code == .address {
            guard !first.isLast else { return (nil, nil) }
            place += Int(first.stride)
        }
        let payload = place + OperationHeader.size
        func exact(_ range: NumberRange<UInt16>) -> UInt16? {
            range.lower == range.upper && !range.inverted ? range.lower : nil
        }
        switch place.load(as: OperationHeader.self).code {
        case .tcp:
            let operation = payload.load(as: TCPOperation.self)
            return (exact(operation.sourcePorts), exact(operation.destinationPorts))
        case .udp:
            let operation = payload.load(as: UDPOperation.self)
            return (exact(operation.sourcePorts), exact(operation.destinationPorts))
        default: return (nil, nil)
        }
    }

    private mutating func build(_ run: Range<Int>, _ fields: Classifier.Fields) {
        var size = 16
        while size < run.count * 2 { size *= 2 }
        let slots = UnsafeMutablePointer<Classifier.Slot>.allocate(capacity: size)
        slots.initialize(repeating: Classifier.Slot(tag: 0, head: .max), count: size)
        let tags = UnsafeMutablePointer<UInt32>.allocate(capacity: run.count)
        let next = UnsafeMutablePointer<UInt32>.allocate(capacity: run.count)
        let mask = UInt32(size - 1)
        // From the end, so that each new head stands in front of its group.
        for index in run.reversed() {
            let record = records[index]
            let (source, destination) = ports(record)
            let addresses = AddressOperation(record, arena, family)
            let tag = Classifier.hash(
                fields, addresses.source.address, addresses.destination.address, record.ipProtocol, source ?? 0,
                destination ?? 0)
            (tags + index - run.lowerBound).initialize(to: tag)
            var i = tag & mask
            while slots[Int(i)].head != .max, slots[Int(i)].tag != tag { i = (i + 1) & mask }
            let follower = slots[Int(i)].head == .max ? UInt32(run.upperBound) : slots[Int(i)].head
            (next + index - run.lowerBound).initialize(to: follower)
            slots[Int(i)] = Classifier.Slot(tag: tag, head: UInt32(index))
        }
        classifiers.append(
            Classifier(
                first: UInt32(run.lowerBound), end: UInt32(run.upperBound), fields: fields, slotMask: mask, slots: slots,
                tags: tags, next: next))
    }
}
