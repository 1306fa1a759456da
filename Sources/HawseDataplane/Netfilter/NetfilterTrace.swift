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
            let target = chain.rules[number].target.map(\.name) ?? ""
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
    /// As `-j` has it.
    var name: String {
        switch self {
        case .accept: "ACCEPT"
        case .drop: "DROP"
        case .queue: "QUEUE"
        case .return: "RETURN"
        case .jump(let chain): chain
        case .goto(let chain): chain
        case .audit: "AUDIT"
        case .checksum: "CHECKSUM"
        case .classify: "CLASSIFY"
        case .connmark: "CONNMARK"
        case .connsecmark: "CONNSECMARK"
        case .ct(let target): target.isNotrackAlias ? "NOTRACK" : "CT"
        case .dnat: "DNAT"
        case .dnpt: "DNPT"
        case .dscp: "DSCP"
        case .ecn: "ECN"
        case .hl: "HL"
        case .hmark: "HMARK"
        case .idletimer: "IDLETIMER"
        case .led: "LED"
        case .log(let target): "LOG \(target.prefix)"
        case .mark: "MARK"
        case .masquerade: "MASQUERADE"
        case .netmap: "NETMAP"
        case .nflog(let target): "NFLOG \(target.prefix)"
        case .nfqueue: "NFQUEUE"
        case .rateest: "RATEEST"
        case .redirect: "REDIRECT"
        case .reject(let target): "REJECT \(target.kind.rawValue)"
        case .secmark: "SECMARK"
        case .set: "SET"
        case .snat: "SNAT"
        case .snpt: "SNPT"
        case .synproxy: "SYNPROXY"
        case .tcpmss: "TCPMSS"
        case .tcpoptstrip: "TCPOPTSTRIP"
        case .tee: "TEE"
        case .tos: "TOS"
        case .tproxy: "TPROXY"
        case .trace: "TRACE"
        case .ttl: "TTL"
        case .ulog: "ULOG"
        }
    }
}
