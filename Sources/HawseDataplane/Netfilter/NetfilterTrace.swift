import HawseModel

extension Walk {
    /// Of a table, a rule that matched or was tried, or a policy: where it stands is worked out when it is read.
    @inline(__always)
    func noteRule(
        _ code: TraceRecord.Code, _ context: RuleContext, _ records: UnsafeMutablePointer<RuleRecord>,
        _ rule: UnsafeMutablePointer<RuleRecord>, _ match: MatchCode = .address
    ) {
        guard Watch.isOn else { return }
        // The generic parts of rules fail too often to be told.
        if code == .miss, match == .address { return }
        var record = TraceRecord(context.packet, code)
        record.detail = match.rawValue
        record.first = UInt16(context.table.rawValue)
        record.number = UInt32(truncatingIfNeeded: rule - records)
        if match == .mark { record.last = context.packet.pointee.mark }
        node.pointee.trace.append(record)
    }
}

extension TableProgram {
    /// The chain a record stands in, and its 0-based number there; the number of rules for the record that ends the chain.
    func place(of record: Int) -> (chain: Int, number: Int) {
        let chain = Int(owners[record])
        return (chain, record - Int(chains[chain].start))
    }
}

extension Target {
    /// The name, and what tells one use of it from another.
    var story: String {
        switch self {
        case .log(let target): "\(name) \(target.prefix)"
        case .nflog(let target): "\(name) \(target.prefix)"
        case .reject(let target): "\(name) \(target.kind.rawValue)"
        default: name
        }
    }
}
