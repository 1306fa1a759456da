import HawseModel

extension Walk {
    @inline(__always)
    func noteTable(
        _ packet: PacketRef, _ program: UnsafeMutablePointer<TableProgram>, _ table: TableIndex, _ record: Int
    ) {
        note(packet, .table(table.name, chain: program.pointee.chainName(record)))
    }

    /// A rule matched, or a policy was reached.
    @inline(__always)
    func noteMatch(_ packet: PacketRef, _ program: UnsafeMutablePointer<TableProgram>, _ record: Int) {
        if Watch.isOn { noteMatchSlow(packet, program, record) }
    }

    @inline(never)
    private func noteMatchSlow(_ packet: PacketRef, _ program: UnsafeMutablePointer<TableProgram>, _ record: Int) {
        let table = program.pointee.model.name
        let chain = program.pointee.model.chains[Int(program.pointee.records[record].chain)]
        let number = Int(program.pointee.records[record].number)
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
        note(
            packet,
            .miss(
                table: program.pointee.model.name,
                chain: program.pointee.model.chains[Int(record.pointee.chain)].name,
                number: Int(record.pointee.number) + 1, because: "\(code)"))
    }
}

extension TableProgram {
    func chainName(_ record: Int) -> String { model.chains[Int(records[record].chain)].name }
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
