import HawseModel
import HawseWire

extension Walk {
    /// One table at one hook (`ipt_do_table`): counts, changes the packet, and says accept or drop (with the disposition set).
    @inline(__always)
    func evaluate(
        _ packet: PacketRef, _ family: UnsafeMutablePointer<NetfilterFamily>, _ table: TableIndex, _ hook: Hook
    ) -> Verdict {
        guard let program = family.pointee.programs[Int(table.rawValue)] else { return .accept }
        // Many builtin chains are empty: their first record is that of the policy.
        let first = program.pointee.records + Int(program.pointee.entries[Int(hook.rawValue)])
        if !Watch.isOn, first.pointee.target == .policyAccept {
            tally(first.counters, packet.length)
            return .accept
        }
        return evaluateTable(packet, program, first, family, table, hook)
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
        }
        return .accept
    }

    /// The loop. Rules are records in a row; chains are stretches of them that end in a record of their own.
    @inline(never)
    private func evaluateTable(
        _ packet: PacketRef, _ program: UnsafeMutablePointer<TableProgram>, _ first: UnsafeMutablePointer<RuleRecord>,
        _ family: UnsafeMutablePointer<NetfilterFamily>, _ table: TableIndex, _ hook: Hook
    ) -> Verdict {
        let records = program.pointee.records
        let arena = program.pointee.arena
        var stack = program.pointee.stack
        // A packet sent from within a rule (REJECT, TEE) may come to the same table while its cause is still in it.
        let isNested = program.pointee.isBusy
        if isNested { stack = .allocate(capacity: program.pointee.stackSize) }
        program.pointee.isBusy = true
        defer {
            if isNested { stack.deallocate() } else { program.pointee.isBusy = false }
        }
        var context = RuleContext(node: node, family: family, packet: packet, table: table, hook: hook)
        var fields = PacketFields(packet)
        var length = packet.length
        let linear = node.pointee.classifiersOff
        var depth = 0
        var record = first
        noteRule(.table, context, records, record)

        while true {
            if record.pointee.classifier != 0, !linear {
                // The run's end may be the beginning of another run.
                let next = program.candidate(record, packet, isChainBroken: fields.isChainBroken)
                if next != record, next.pointee.classifier != record.pointee.classifier {
                    record = next
                    continue
                }
                record = next
            }
            // A trace names the match that failed.
            let isOdd = Watch.isOn || fields.isOdd
            let isFull = isOdd || !record.pointee.flags.isDisjoint(with: .complex)
            guard isFull
                    ? genericInFull(record, program, packet, fields, &context) && (isOdd || hasPort(record, fields))
                    : generic(record, fields),
                record.pointee.flags.contains(.draws)
                    ? draws(record, context, records)
                    : !(isOdd ? record.pointee.flags.contains(.hasOperations) : record.pointee.hasUntoldOperations)
                        || runMatches(record, arena, &context, records)
            else {
                if context.hotdrop { return dropHot(packet) }
                record += 1
                continue
            }
            tally(record.counters, length)
            noteRule(.rule, context, records, record)
            if context.hotdrop {
                // An inverted match was true and yet found the packet broken: the target acts, the packet is lost.
                if record.pointee.target.rawValue > TargetCode.policyDrop.rawValue {
                    _ = runTarget(record, arena, &context)
                }
                return dropHot(packet)
            }

            switch record.pointee.target {
            case .next: record += 1
            case .accept, .policyAccept: return .accept
            case .drop:
                packet.pointee.disposition = .dropped(.rule)
                return .drop
            case .policyDrop:
                packet.pointee.disposition = .dropped(.policy)
                return .drop
            case .return:
                if depth == 0 {
                    record = records + Int(program.pointee.underflows[Int(hook.rawValue)])
                } else {
                    depth &-= 1
                    record = records + (Int(stack[depth]) &+ 1)
                }
            case .jump:
                guard depth < program.pointee.stackSize else {
                    packet.pointee.disposition = .dropped(.table)
                    return .drop
                }
                stack[depth] = UInt32(truncatingIfNeeded: record - records)
                depth &+= 1
                record = records + Int(record.pointee.argument)
            case .goto: record = records + Int(record.pointee.argument)
            default:
                if !record.pointee.target.isSteady { voidRecording() }
                switch runTarget(record, arena, &context) {
                case .continue:
                    fields = PacketFields(packet)
                    length = packet.length
                    record += 1
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
    private func generic(_ record: UnsafeMutablePointer<RuleRecord>, _ fields: PacketFields) -> Bool {
        let addresses = (fields.addresses & record.pointee.addressMask) ^ record.pointee.addresses
        let place = (fields.place & record.pointee.placeMask) ^ record.pointee.place
        return addresses | place == 0
    }

    /// The destination port that the record tells, if it tells one.
    @inline(__always)
    private func hasPort(_ record: UnsafeMutablePointer<RuleRecord>, _ fields: PacketFields) -> Bool {
        ((fields.place & record.pointee.placeMask) ^ record.pointee.place) & (0xffff << RuleRecord.portShift) == 0
    }

    /// With `!`, sets of devices, or a packet whose headers break off. Ports are left to `hasPort` or the operations.
    @inline(never)
    private func genericInFull(
        _ record: UnsafeMutablePointer<RuleRecord>, _ program: UnsafeMutablePointer<TableProgram>, _ packet: PacketRef,
        _ fields: PacketFields, _ context: inout RuleContext
    ) -> Bool {
        let flags = record.pointee.flags
        let addresses = (fields.addresses & record.pointee.addressMask) ^ record.pointee.addresses
        if (addresses >> 32 != 0) != flags.contains(.sourceInverted) { return false }
        if (addresses & 0xffff_ffff != 0) != flags.contains(.destinationInverted) { return false }
        let place = (fields.place & record.pointee.placeMask) ^ record.pointee.place
        let placeMask = record.pointee.placeMask
        if placeMask >> RuleRecord.inShift != 0 {
            let set = UInt16(truncatingIfNeeded: record.pointee.place >> RuleRecord.inShift)
            let hit = flags.contains(.inSet)
                ? program.pointee.isInSet(packet.pointee.inInterface, set) : place >> RuleRecord.inShift == 0
            if hit == flags.contains(.inInverted) { return false }
        }
        if placeMask >> RuleRecord.outShift & 0xffff != 0 {
            let set = UInt16(truncatingIfNeeded: record.pointee.place >> RuleRecord.outShift)
            let hit = flags.contains(.outSet)
                ? program.pointee.isInSet(packet.pointee.outInterface, set) : place >> RuleRecord.outShift & 0xffff == 0
            if hit == flags.contains(.outInverted) { return false }
        }
        if record.pointee.hasProtocol {
            if fields.isChainBroken {
                context.hotdrop = hasAddresses(record, program, &context)
                return false
            }
            if (place & (0xff << RuleRecord.protocolShift) == 0) == flags.contains(.protocolInverted) { return false }
        }
        return place & RuleRecord.fragmentBit == 0
    }

    /// The addresses come before the protocol: only a packet that has them is looked into.
    private func hasAddresses(
        _ record: UnsafeMutablePointer<RuleRecord>, _ program: UnsafeMutablePointer<TableProgram>, _ context: inout RuleContext
    ) -> Bool {
        guard record.pointee.flags.contains(.hasOperations) else { return true }
        let operation = program.pointee.arena + Int(record.pointee.operations)
        guard operation.load(as: OperationHeader.self).code == .address else { return true }
        return runMatch(.address, operation + OperationHeader.size, &context)
    }

    /// `-m statistic --mode random` as a rule's only match.
    @inline(__always)
    private func draws(
        _ record: UnsafeMutablePointer<RuleRecord>, _ context: RuleContext, _ records: UnsafeMutablePointer<RuleRecord>
    ) -> Bool {
        voidRecording()
        if StatisticOperation.wins(record.pointee.operations, &node.pointee.chance.statistic) { return true }
        noteRule(.miss, context, records, record, .statistic)
        return false
    }

    @inline(never)
    private func runMatches(
        _ record: UnsafeMutablePointer<RuleRecord>, _ arena: UnsafeMutableRawPointer, _ context: inout RuleContext,
        _ records: UnsafeMutablePointer<RuleRecord>
    ) -> Bool {
        var operation = arena + Int(record.pointee.operations)
        while true {
            let header = operation.load(as: OperationHeader.self)
            if !header.isSteady { voidRecording() }
            guard runMatch(header.code, operation + OperationHeader.size, &context) else {
                noteRule(.miss, context, records, record, header.code)
                return false
            }
            if header.isLast { return true }
            operation += Int(header.stride)
        }
    }

    private func dropHot(_ packet: PacketRef) -> Verdict {
        packet.pointee.disposition = .dropped(.table)
        return .drop
    }
}

/// What the generic part of every rule is compared with, read once per table: see `RuleRecord`.
struct PacketFields {
    /// The low 32 bits of source and destination.
    var addresses: UInt64
    /// Device in << 48 | device out << 32 | destination port << 16 | upper protocol << 8 | 1 for a later fragment.
    var place: UInt64
    /// The chain of headers is broken, or the header of TCP or UDP is not (all) there: what the words say is not enough.
    var isOdd = false
    /// IPv6 headers that end before the upper protocol is known: a rule with `-p` drops such a packet.
    var isChainBroken = false

    @inline(__always)
    init(_ packet: PacketRef) {
        place =
            UInt64(packet.pointee.inInterface) << RuleRecord.inShift | UInt64(packet.pointee.outInterface) << RuleRecord.outShift
            | UInt64(packet.pointee.ipProtocol.rawValue) << RuleRecord.protocolShift | (packet.isLaterFragment ? RuleRecord.fragmentBit : 0)
        let ipProtocol = packet.pointee.ipProtocol
        if ipProtocol == .tcp || ipProtocol == .udp {
            if !packet.isLaterFragment, packet.transportLength >= (ipProtocol == .tcp ? TCPHeader.length : UDPHeader.length) {
                place |= UInt64(packet.transportPointer.loadBE16(at: 2)) << RuleRecord.portShift
            } else {
                isOdd = true
            }
        }
        if packet.pointee.version != 6 {
            addresses = packet.networkPointer.loadBE64(at: 12)
            return
        }
        addresses = packet.ipv6.source.low << 32 | packet.ipv6.destination.low & 0xffff_ffff
        let next = packet.ipv6.nextHeader
        if next != .tcp, next != .udp, next != .icmpv6, IPv6ExtensionWalk.isExtension(next) {
            isChainBroken = IPv6ExtensionWalk.find(packet.networkPointer, length: packet.length).outcome != .found
            if isChainBroken { isOdd = true }
        }
    }
}

extension UnsafeMutablePointer where Pointee == Packet {
    /// What besides addresses and mark a route may depend on: IPv4's TOS; IPv6's first word and hop limit.
    var serviceWord: UInt64 {
        isIPv4 ? UInt64(ipv4.tos) : UInt64(ipv6.versionWord) << 8 | UInt64(ipv6.hopLimit)
    }
}
