import HawseModel

extension Walk {
    @inline(__always)
    func noteTable(
        _ packet: PacketRef, _ program: UnsafeMutablePointer<TableProgram>, _ table: TableIndex,
        _ record: UnsafeMutablePointer<RuleRecord>
    ) {
        note(packet, .table(table.name, chain: program.pointee.chainName(record - program.pointee.records)))
    }

    /// A rule matched, or a policy was reached.
    @inline(__always)
    func noteMatch(
        _ packet: PacketRef, _ program: UnsafeMutablePointer<TableProgram>, _ record: UnsafeMutablePointer<RuleRecord>
    ) {
        if Watch.isOn { noteMatchSlow(packet, program, record - program.pointee.records) }
    }

    @inline(never)
    private func noteMatchSlow(_ packet: PacketRef, _ program: UnsafeMutablePointer<TableProgram>, _ record: Int) {
        let table = program.pointee.name
        let (index, number) = program.pointee.place(of: record)
        let chain = program.pointee.chains[index].model
        if number < chain.rules.count {
            let target = chain.rules[number].target.map(\.story) ?? ""
            note(packet, .rule(table: table, chain: chain.name, number: number + 1, target: target))
        } else if let policy = chain.policy {
            note(packet, .policy(table: table, chain: chain.name, verdict: policy.rawValue))
        }
    }

    /// An extension did not match: the generic parts of rules fail too often to be told.
    @inline(__always)
    func noteMiss(
        _ packet: PacketRef, _ program: UnsafeMutablePointer<TableProgram>, _ record: UnsafeMutablePointer<RuleRecord>,
        _ code: MatchCode
    ) {
        if Watch.isOn, code != .address { noteMissSlow(packet, program, record - program.pointee.records, code) }
    }

    @inline(never)
    private func noteMissSlow(
        _ packet: PacketRef, _ program: UnsafeMutablePointer<TableProgram>, _ record: Int, _ code: MatchCode
    ) {
        let (chain, number) = program.pointee.place(of: record)
        note(
            packet,
            .miss(
                table: program.pointee.name, chain: program.pointee.chains[chain].model.name, number: number + 1,
                because: "\(code)"))
    }
}

extension TableProgram {
    func chainName(_ record: Int) -> String { chains[place(of: record).chain].model.name }

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
