import HawseModel
import HawseWire

extension Walk {
    /// One table at one hook (`ipt_do_table`): counts, changes the packet, and says accept or drop (with the disposition set).
    @inline(__always)
    func evaluate(
        _ packet: PacketRef, _ family: UnsafeMutablePointer<NetfilterFamily>, _ table: TableIndex, _ hook: Hook
    ) -> Verdict {
        guard let program = family.pointee.programs[Int(table.rawValue)] else { return .accept }
        return evaluateTable(packet, program, family, table, hook)
    }

    /// mangle OUTPUT routes again when mark, addresses or TOS changed (`ipt_mangle_out`, `ip6t_mangle_out`).
    func evaluateMangleOutput(_ packet: PacketRef, _ family: UnsafeMutablePointer<NetfilterFamily>) -> Verdict {
        let mark = packet.pointee.mark
        let source = packet.sourceBits
        let destination = packet.destinationBits
        let service = packet.serviceWord
        let verdict = evaluate(packet, family, .mangle, .output)
        guard verdict == .accept else { return verdict }
        if packet.pointee.mark != mark || packet.sourceBits != source || packet.destinationBits != destination
            || packet.serviceWord != service
        {
            guard routeAgain(packet) else {
                if packet.pointee.disposition == .pending { packet.pointee.disposition = .dropped(.noRoute) }
                return .drop
            }
            packet.pointee.outInterface = packet.pointee.route.outInterface
        }
        return .accept
    }

    /// The loop. Rules are records in a row; chains are stretches of them that end in a record of their own.
    @inline(never)
    private func evaluateTable(
        _ packet: PacketRef, _ place: UnsafeMutablePointer<TableProgram>,
        _ family: UnsafeMutablePointer<NetfilterFamily>, _ table: TableIndex, _ hook: Hook
    ) -> Verdict {
        var program = ProgramView(place)
        // A packet sent from within a rule (REJECT, TEE) may come to the same table while its cause is still in it.
        let isNested = place.pointee.isBusy
        if isNested { program.stack = .allocate(capacity: program.stackSize) }
        place.pointee.isBusy = true
        defer {
            if isNested { program.stack.deallocate() } else { place.pointee.isBusy = false }
        }
        var context = RuleContext(node: node, family: family, packet: packet, table: table, hook: hook)
        var fields = PacketFields(packet)
        let linear = node.pointee.classifiersOff
        var depth = 0
        var index = Int(program.entries[Int(hook.rawValue)])
        noteTable(packet, place, table, index)

        while true {
            if program.records[index].classifier != 0, !linear {
                // The run's end may be the beginning of another run.
                let next = program.candidate(index, packet, fields)
                if next != index, program.records[next].classifier != program.records[index].classifier {
                    index = next
                    continue
                }
                index = next
            }
            let record = program.records + index
            guard generic(record, program, packet, fields, &context),
                record.pointee.operationCount == 0 || runMatches(record, program, &context, place)
            else {
                if context.hotdrop { return dropHot(packet, place, index) }
                index &+= 1
                continue
            }
            tally(program.counters + index, packet.length)
            noteMatch(packet, place, index)
            if context.hotdrop {
                // An inverted match was true and yet found the packet broken: the target acts, the packet is lost.
                if record.pointee.target.rawValue > TargetCode.policyDrop.rawValue {
                    _ = runTarget(record, program.arena, &context)
                }
                return dropHot(packet, place, index)
            }

            switch record.pointee.target {
            case .next: index &+= 1
            case .accept, .policyAccept: return .accept
            case .drop:
                packet.pointee.disposition = .dropped(.rule)
                return .drop
            case .policyDrop:
                packet.pointee.disposition = .dropped(.policy)
                return .drop
            case .return:
                if depth == 0 {
                    index = Int(program.underflows[Int(hook.rawValue)])
                } else {
                    depth &-= 1
                    index = Int(program.stack[depth]) &+ 1
                }
            case .jump:
                guard depth < program.stackSize else {
                    packet.pointee.disposition = .dropped(.table)
                    return .drop
                }
                program.stack[depth] = UInt32(truncatingIfNeeded: index)
                depth &+= 1
                index = Int(record.pointee.argument)
            case .goto: index = Int(record.pointee.argument)
            default:
                if !record.pointee.target.isSteady { voidRecording() }
                switch runTarget(record, program.arena, &context) {
                case .continue:
                    fields = PacketFields(packet)
                    index &+= 1
                case .accept: return .accept
                case .drop:
                    if packet.pointee.disposition == .pending { packet.pointee.disposition = .dropped(.rule) }
                    return .drop
                case .stolen: return .stolen
                }
            }
        }
    }

    /// The generic part of a rule: addresses, interfaces, protocol, fragment (`ip_packet_match`, `ip6_packet_match`).
    @inline(__always)
    private func generic(
        _ record: UnsafeMutablePointer<RuleRecord>, _ program: ProgramView, _ packet: PacketRef,
        _ fields: PacketFields, _ context: inout RuleContext
    ) -> Bool {
        let flags = record.pointee.flags
        var source = (fields.source.low & record.pointee.sourceMask) ^ record.pointee.source
        var destination = (fields.destination.low & record.pointee.destinationMask) ^ record.pointee.destination
        if flags.contains(.hasHigh) {
            source |= (fields.source.high & record.pointee.sourceMaskHigh) ^ record.pointee.sourceHigh
            destination |=
                (fields.destination.high & record.pointee.destinationMaskHigh) ^ record.pointee.destinationHigh
        }
        if (source != 0) != flags.contains(.sourceInverted) { return false }
        if (destination != 0) != flags.contains(.destinationInverted) { return false }
        if !flags.isDisjoint(with: .interfaces) {
            if flags.contains(.hasIn) {
                let interface = packet.pointee.inInterface
                let set = record.pointee.inInterface
                let hit = flags.contains(.inSet) ? program.isInSet(interface, set) : interface == set
                if hit == flags.contains(.inInverted) { return false }
            }
            if flags.contains(.hasOut) {
                let interface = packet.pointee.outInterface
                let set = record.pointee.outInterface
                let hit = flags.contains(.outSet) ? program.isInSet(interface, set) : interface == set
                if hit == flags.contains(.outInverted) { return false }
            }
        }
        if !flags.isDisjoint(with: .protocolOrFragment) {
            if flags.contains(.hasProtocol) {
                if fields.isChainBroken {
                    context.hotdrop = true
                    return false
                }
                if (fields.ipProtocol == record.pointee.ipProtocol) == flags.contains(.protocolInverted) { return false }
            }
            if flags.contains(.hasFragment) {
                if packet.isLaterFragment == flags.contains(.fragmentInverted) { return false }
            }
        }
        return true
    }

    @inline(__always)
    private func runMatches(
        _ record: UnsafeMutablePointer<RuleRecord>, _ program: ProgramView, _ context: inout RuleContext,
        _ place: UnsafeMutablePointer<TableProgram>
    ) -> Bool {
        var operation = program.arena + Int(record.pointee.operations)
        var left = record.pointee.operationCount
        while true {
            let header = operation.load(as: OperationHeader.self)
            if !header.isSteady { voidRecording() }
            guard runMatch(header.code, operation + OperationHeader.size, &context) else {
                noteMiss(context.packet, place, record, header.code)
                return false
            }
            left &-= 1
            if left == 0 { return true }
            operation += Int(header.stride)
        }
    }

    private func dropHot(
        _ packet: PacketRef, _ place: UnsafeMutablePointer<TableProgram>, _ index: Int
    ) -> Verdict {
        packet.pointee.disposition = .dropped(.table)
        return .drop
    }
}

/// What the generic part of every rule is compared with, read once per table.
struct PacketFields {
    var source: AddressBits
    var destination: AddressBits
    var ipProtocol: UInt8
    /// IPv6 headers that end before the upper protocol is known: a rule with `-p` drops such a packet.
    var isChainBroken = false

    @inline(__always)
    init(_ packet: PacketRef) {
        source = packet.sourceBits
        destination = packet.destinationBits
        ipProtocol = packet.pointee.ipProtocol
        if packet.pointee.version == 6 {
            let next = packet.ipv6.nextHeader
            if next != .tcp, next != .udp, next != .icmpv6, IPv6ExtensionWalk.isExtension(next) {
                isChainBroken = IPv6ExtensionWalk.find(packet.networkPointer, length: packet.length).outcome != .found
            }
        }
    }
}

/// A program's pointers, copied out so that the loop reads them from registers.
struct ProgramView {
    let records: UnsafeMutablePointer<RuleRecord>
    let counters: UnsafeMutablePointer<Counters>
    let arena: UnsafeMutableRawPointer
    var stack: UnsafeMutablePointer<UInt32>
    let stackSize: Int
    let entries: UnsafeMutablePointer<UInt32>
    let underflows: UnsafeMutablePointer<UInt32>
    let interfaceSets: UnsafeMutablePointer<UInt64>
    let interfaceSetStride: Int
    let classifiers: UnsafeMutablePointer<Classifier>

    @inline(__always)
    init(_ program: UnsafeMutablePointer<TableProgram>) {
        records = program.pointee.records
        counters = program.pointee.counters
        arena = program.pointee.arena
        stack = program.pointee.stack
        stackSize = program.pointee.stackSize
        entries = program.pointee.entries
        underflows = program.pointee.underflows
        interfaceSets = program.pointee.interfaceSets
        interfaceSetStride = program.pointee.interfaceSetStride
        classifiers = program.pointee.classifiers.base
    }

    @inline(__always)
    func isInSet(_ interface: UInt16, _ set: UInt16) -> Bool {
        let word = interfaceSets[Int(set) &* interfaceSetStride &+ Int(interface >> 6)]
        return word & (1 << UInt64(interface & 63)) != 0
    }
}

extension UnsafeMutablePointer where Pointee == Packet {
    /// What besides addresses and mark a route may depend on: IPv4's TOS; IPv6's first word and hop limit.
    var serviceWord: UInt64 {
        isIPv4 ? UInt64(ipv4.tos) : UInt64(ipv6.versionWord) << 8 | UInt64(ipv6.hopLimit)
    }
}
