import HawseModel

extension TableProgram {
    /// Rules that an edit leaves alone go on where they were, though their chain is compiled anew: what limits, quotas and the
    /// like have counted moves over. Before the old chain's memory is given back.
    func keepState(of old: CompiledChain, _ prepared: PreparedChain) {
        guard let origins = prepared.news.origins, !prepared.isNew else { return }
        for (i, record) in prepared.piece.records.enumerated() where record.flags.contains(.hasOperations) {
            let place = prepared.prefix + i
            guard place < origins.count, origins[place] >= 0, Int(origins[place]) < old.model.rules.count else { continue }
            let former = records[Int(old.start) + Int(origins[place])]
            let isReplaced = prepared.news.zeroed.contains(origins[place]) && former.counters != .zero
            guard !isReplaced, former.flags.contains(.hasOperations) else { continue }
            Self.moveState(arena + Int(former.operations), prepared.piece.arena.base + Int(record.operations))
        }
    }

    /// The operations of two rules that are the same.
    private static func moveState(_ old: UnsafeMutableRawPointer, _ new: UnsafeMutableRawPointer) {
        var (old, new) = (old, new)
        while true {
            let header = old.load(as: OperationHeader.self)
            guard header.code == new.load(as: OperationHeader.self).code else { return }
            let (from, to) = (old + OperationHeader.size, new + OperationHeader.size)
            switch header.code {
            case .limit: assign(LimitOperation.self, from, to)
            case .quota: assign(QuotaOperation.self, from, to)
            case .statistic: assign(StatisticOperation.self, from, to)
            case .connlimit:
                let table = from.load(as: ConnlimitOperation.self).table
                swap(&table.pointee, &to.load(as: ConnlimitOperation.self).table.pointee)
            // The others count nothing, or by a name.
            default: break
            }
            guard !header.isLast else { return }
            old += Int(header.stride)
            new += Int(new.load(as: OperationHeader.self).stride)
        }
    }

    private static func assign<Operation: BitwiseCopyable>(
        _ type: Operation.Type, _ old: UnsafeMutableRawPointer, _ new: UnsafeMutableRawPointer
    ) {
        new.storeBytes(of: old.load(as: type), as: type)
    }
}
