import HawseModel
import HawseWire

/// What `ip_options_compile` noted of a packet's IPv4 options (`struct ip_options`). Offsets count from the IP header;
/// 0 is none.
struct IPOptionMarks {
    var record: UInt8 = 0
    var timestamp: UInt8 = 0
    var sourceRoute: UInt8 = 0
    var label: UInt8 = 0
    var flags: Flags = []
    /// Where a source-routed packet goes next, host order.
    var nextHop: UInt32 = 0

    struct Flags: OptionSet {
        let rawValue: UInt8
        static let recordNeedsAddress = Flags(rawValue: 1)
        static let timestampNeedsAddress = Flags(rawValue: 2)
        static let timestampNeedsTime = Flags(rawValue: 4)
        static let strict = Flags(rawValue: 8)
        static let changed = Flags(rawValue: 16)
        static let sourceRouteHit = Flags(rawValue: 32)
        static let routerAlert = Flags(rawValue: 64)
        /// The stack has read the options (`opt->optlen`): later fragments keep only some of them.
        static let read = Flags(rawValue: 128)
    }
}

/// Options to send back (`__ip_options_echo`).
struct EchoedOptions {
    var bytes: [UInt8] = []
    var marks = IPOptionMarks()
    /// First hop of a reversed source route.
    var firstHop: UInt32?
}

extension Walk {
    /// Milliseconds since midnight UTC (`inet_current_timestamp`).
    func currentTimestamp() -> UInt32 {
        UInt32(truncatingIfNeeded: (node.pointee.now.nanoseconds / 1_000_000) % 86_400_000)
    }

    /// `ip_rcv_options`: `nil` when the packet may go on.
    @inline(never)
    func receiveOptions(_ packet: PacketRef) -> Stage? {
        var marks = IPOptionMarks()
        if let wrong = compileOptions(packet, &marks) {
            packet.pointee.options = marks
            sendICMPError(
                about: packet, type: ICMPType.parameterProblem, code: 0, info: UInt32(wrong) << 24)
            return drop(packet, .ipOptions)
        }
        marks.flags.insert(.read)
        packet.pointee.options = marks
        guard marks.sourceRoute != 0 else { return nil }
        guard node.pointee.interfaces[packet.pointee.inInterface].pointee.acceptSourceRoute else {
            return drop(packet, .sourceRoute)
        }
        return receiveSourceRoute(packet)
    }

    /// `__ip_options_compile`: returns the offset of what is wrong.
    private func compileOptions(_ packet: PacketRef, _ marks: inout IPOptionMarks) -> UInt8? {
        let base = packet.networkPointer
        let end = packet.ipv4.headerLength
        var at = 20
        while at < end {
            let kind = base.load8(at: at)
            if kind == 0 {
                for i in (at + 1)..<max(end, at + 1) where base.load8(at: i) != 0 {
                    base.store8(0, at: i)
                    marks.flags.insert(.changed)
                }
                return nil
            }
            if kind == 1 {
                at += 1
                continue
            }
            guard end - at >= 2 else { return UInt8(at) }
            let length = Int(base.load8(at: at + 1))
            guard length >= 2, length <= end - at else { return UInt8(at) }
            if let wrong = compileOption(packet, kind, at, length, &marks) { return UInt8(wrong) }
            at += length
        }
        return nil
    }

    private func compileOption(
        _ packet: PacketRef, _ kind: UInt8, _ at: Int, _ length: Int, _ marks: inout IPOptionMarks
    ) -> Int? {
        let option = packet.networkPointer + at
        switch kind {
        case 131, 137:  // LSRR, SSRR
            if length < 3 { return at + 1 }
            if option.load8(at: 2) < 4 { return at + 2 }
            if marks.sourceRoute != 0 { return at }
            marks.sourceRoute = UInt8(at)
            if kind == 137 { marks.flags.insert(.strict) }
        case 7:  // record route
            if marks.record != 0 { return at }
            if length < 3 { return at + 1 }
            let pointer = Int(option.load8(at: 2))
            if pointer < 4 { return at + 2 }
            if pointer <= length {
                if pointer + 3 > length { return at + 2 }
                option.storeBE32(specificDestination(packet).ipv4, at: pointer - 1)
                option.store8(UInt8(pointer + 4), at: 2)
                marks.flags.insert([.recordNeedsAddress, .changed])
            }
            marks.record = UInt8(at)
        case 68: return compileTimestamp(packet, at, length, &marks)
        case 134:
            // CIPSO: no domain of interpretation is configured here (`cipso_v4_validate`).
            if marks.label != 0 { return at }
            marks.label = UInt8(at)
            return length < 8 ? at + 1 : at + 2
        case 148:
            if length < 4 { return at + 1 }
            if option.loadBE16(at: 2) == 0 { marks.flags.insert(.routerAlert) }
        default: break
        }
        return nil
    }

    private func compileTimestamp(
        _ packet: PacketRef, _ at: Int, _ length: Int, _ marks: inout IPOptionMarks
    ) -> Int? {
        let option = packet.networkPointer + at
        if marks.timestamp != 0 { return at }
        if length < 4 { return at + 1 }
        let pointer = Int(option.load8(at: 2))
        if pointer < 5 { return at + 2 }
        let mode = option.load8(at: 3) & 15
        if pointer <= length {
            if pointer + 3 > length { return at + 2 }
            switch mode {
            case 0:
                option.storeBE32(currentTimestamp(), at: pointer - 1)
                option.store8(UInt8(pointer + 4), at: 2)
                marks.flags.insert([.timestampNeedsTime, .changed])
            case 1:
                if pointer + 7 > length { return at + 2 }
                option.storeBE32(specificDestination(packet).ipv4, at: pointer - 1)
                option.storeBE32(currentTimestamp(), at: pointer + 3)
                option.store8(UInt8(pointer + 8), at: 2)
                marks.flags.insert([.timestampNeedsAddress, .timestampNeedsTime, .changed])
            case 3:
                if pointer + 7 > length { return at + 2 }
                let named = AddressBits(ipv4: option.loadBE32(at: pointer - 1))
                if addressKind(named, family: .ipv4, on: 0) != .unicast {
                    option.storeBE32(currentTimestamp(), at: pointer + 3)
                    option.store8(UInt8(pointer + 8), at: 2)
                    marks.flags.insert([.timestampNeedsTime, .changed])
                }
            default: break
            }
        } else if mode != 3 {
            let overflow = option.load8(at: 3) >> 4
            if overflow == 15 { return at + 3 }
            option.store8(mode | (overflow + 1) << 4, at: 3)
            marks.flags.insert(.changed)
        }
        marks.timestamp = UInt8(at)
        return nil
    }

    /// `fib_compute_spec_dst`: the address of ours that the sender meant.
    func specificDestination(_ packet: PacketRef) -> AddressBits {
        if packet.pointee.route.kind == .local { return packet.destinationBits }
        let source = packet.sourceBits
        if source.ipv4 != 0 {
            var q = RouteQuestion(destination: source, tos: packet.ipv4.tos & 0xfc)
            q.inInterface = node.pointee.routing.loopback
            if node.pointee.interfaces[packet.pointee.inInterface].pointee.sourceMark { q.mark = packet.pointee.mark }
            let match = node.pointee.routing.lookup4(q)
            if match.hop >= 0 { return node.pointee.routing.tables4.result(match).source }
            return node.pointee.routing.sources.select4(on: packet.pointee.inInterface, near: source, scope: 0)
        }
        return node.pointee.routing.sources.select4(on: packet.pointee.inInterface, near: source, scope: 253)
    }

    /// `ip_options_rcv_srr`.
    private func receiveSourceRoute(_ packet: PacketRef) -> Stage? {
        guard packet.pointee.packetType == .host else { return drop(packet, .sourceRoute) }
        let at = Int(packet.pointee.options.sourceRoute)
        if packet.pointee.route.kind == .unicast {
            guard packet.pointee.options.flags.contains(.strict) else { return nil }
            sendICMPError(about: packet, type: ICMPType.parameterProblem, code: 0, info: 16 << 24)
            return drop(packet, .sourceRoute)
        }
        guard packet.pointee.route.kind == .local else { return drop(packet, .sourceRoute) }
        let option = packet.networkPointer + at
        let space = Int(option.load8(at: 1))
        var pointer = Int(option.load8(at: 2))
        var next: UInt32 = 0
        while pointer <= space {
            if pointer + 3 > space {
                sendICMPError(
                    about: packet, type: ICMPType.parameterProblem, code: 0, info: UInt32(at + 2) << 24)
                return drop(packet, .sourceRoute)
            }
            next = option.loadBE32(at: pointer - 1)
            let question = RouteQuestion(
                destination: AddressBits(ipv4: next), source: packet.sourceBits, mark: packet.pointee.mark,
                tos: packet.ipv4.tos & 0xfc, inInterface: packet.pointee.inInterface)
            let route = inputRoute4(packet, question)
            guard route.kind == .unicast || route.kind == .local else { return drop(packet, .sourceRoute) }
            packet.pointee.route = route
            if route.kind != .local { break }
            packet.ipv4.destination = next
            packet.pointee.options.flags.insert(.changed)
            pointer += 4
        }
        if pointer <= space {
            packet.pointee.options.flags.insert([.sourceRouteHit, .changed])
            packet.pointee.options.nextHop = next
        }
        return nil
    }

    /// `ip_forward_options`: fills in the address that the packet leaves by.
    func forwardOptions(_ packet: PacketRef) {
        let marks = packet.pointee.options
        let base = packet.networkPointer
        var changed = marks.flags.contains(.changed)
        let leaving = packet.pointee.flags.contains(.rerouted) ? packet.ipv4.source : leavingAddress(packet).ipv4
        if marks.flags.contains(.recordNeedsAddress) {
            let option = base + Int(marks.record)
            option.storeBE32(leaving, at: Int(option.load8(at: 2)) - 5)
            changed = true
        }
        if marks.flags.contains(.sourceRouteHit) {
            let option = base + Int(marks.sourceRoute)
            let space = Int(option.load8(at: 1))
            var pointer = Int(option.load8(at: 2))
            while pointer + 3 <= space, option.loadBE32(at: pointer - 1) != marks.nextHop { pointer += 4 }
            if pointer + 3 <= space {
                changed = true
                packet.ipv4.destination = marks.nextHop
                option.storeBE32(leaving, at: pointer - 1)
                option.store8(UInt8(truncatingIfNeeded: pointer + 4), at: 2)
            }
        }
        if changed {
            packet.pointee.options.flags.remove(.changed)
            packet.ipv4.storeChecksum()
        }
    }

    /// `ip_rt_get_source`.
    private func leavingAddress(_ packet: PacketRef) -> AddressBits {
        var q = RouteQuestion(
            destination: packet.destinationBits, source: packet.sourceBits, mark: packet.pointee.mark,
            tos: packet.ipv4.tos & 0xfc, inInterface: packet.pointee.inInterface)
        q.outInterface = packet.pointee.route.outInterface
        let match = node.pointee.routing.lookup4(q)
        if match.hop >= 0 { return node.pointee.routing.tables4.result(match).source }
        let route = packet.pointee.route
        return node.pointee.routing.sources.select4(
            on: route.outInterface, near: route.gatewayVersion == 4 ? route.gateway : packet.destinationBits)
    }

    /// `__ip_options_echo`: the options of an answer; `nil`: they cannot be answered, and so the packet is not.
    func echoedOptions(_ packet: PacketRef, _ headerLength: Int) -> EchoedOptions? {
        guard headerLength > 20 else { return EchoedOptions() }
        var echo = EchoedOptions()
        let marks = packet.pointee.options
        let base = UnsafeRawPointer(packet.networkPointer)
        func copied(_ at: UInt8) -> [UInt8] {
            let length = Int(base.load8(at: Int(at) + 1))
            return (0..<length).map { base.load8(at: Int(at) + $0) }
        }
        if marks.record != 0 {
            var option = copied(marks.record)
            let pointer = Int(option[2])
            if marks.flags.contains(.recordNeedsAddress), pointer <= option.count {
                guard pointer + 3 <= option.count else { return nil }
                option[2] = UInt8(pointer + 4)
                echo.marks.flags.insert(.recordNeedsAddress)
            }
            echo.marks.record = UInt8(20 + echo.bytes.count)
            echo.bytes += option
        }
        if marks.timestamp != 0, !echoTimestamp(copied(marks.timestamp), marks, &echo) { return nil }
        if marks.sourceRoute != 0 { echoSourceRoute(copied(marks.sourceRoute), packet, marks, &echo) }
        if marks.label != 0 { echo.bytes += copied(marks.label) }
        while echo.bytes.count & 3 != 0 { echo.bytes.append(0) }
        return echo
    }

    private func echoTimestamp(_ original: [UInt8], _ marks: IPOptionMarks, _ echo: inout EchoedOptions) -> Bool {
        var option = original
        var pointer = Int(option[2])
        if pointer <= option.count {
            if marks.flags.contains(.timestampNeedsAddress) {
                guard pointer + 3 <= option.count else { return false }
                echo.marks.flags.insert(.timestampNeedsAddress)
                pointer += 4
            }
            if marks.flags.contains(.timestampNeedsTime) {
                guard pointer + 3 <= option.count else { return false }
                if option[3] & 15 != 3 {
                    echo.marks.flags.insert(.timestampNeedsTime)
                    pointer += 4
                } else if pointer + 7 <= option.count {
                    let named = option[(pointer - 1)..<(pointer + 3)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                    if addressKind(AddressBits(ipv4: named), family: .ipv4, on: 0) != .unicast {
                        echo.marks.flags.insert(.timestampNeedsTime)
                        pointer += 8
                    }
                }
            }
            option[2] = UInt8(truncatingIfNeeded: pointer)
        }
        echo.marks.timestamp = UInt8(20 + echo.bytes.count)
        echo.bytes += option
        return true
    }

    private func echoSourceRoute(
        _ start: [UInt8], _ packet: PacketRef, _ marks: IPOptionMarks, _ echo: inout EchoedOptions
    ) {
        var from = Int(start[2])
        if from > start.count { from = start.count + 1 }
        from -= 4
        guard from > 3 else { return }
        func address(_ at: Int) -> UInt32 {
            guard at >= 0, at + 4 <= start.count else { return 0 }
            return start[at..<(at + 4)].reduce(0) { $0 << 8 | UInt32($1) }
        }
        let first = address(from - 1)
        var option: [UInt8] = [start[0], 0, 4]
        from -= 4
        while from > 3 {
            option += (0..<4).map { start[from - 1 + $0] }
            from -= 4
        }
        // The last slot is for the final destination; a route that already ends with the sender is put right.
        if address(from + 3) == packet.ipv4.source, option.count > 3 { option.removeLast(4) }
        guard option.count > 3 || first != 0 else { return }
        option += [0, 0, 0, 0]
        option[1] = UInt8(truncatingIfNeeded: option.count)
        echo.marks.sourceRoute = UInt8(20 + echo.bytes.count)
        echo.firstHop = first
        echo.bytes += option
    }

    /// Puts an answer's options behind its fixed header.
    func storeOptions(_ echo: EchoedOptions, in answer: PacketRef, source: UInt32, destination: UInt32) {
        guard !echo.bytes.isEmpty else { return }
        echo.bytes.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { (answer.networkPointer + 20).copyMemory(from: base, byteCount: bytes.count) }
        }
        buildOptions(answer, echo, source: source, destination: destination)
        answer.pointee.options.flags.insert(.read)
    }

    /// `ip_options_build`: what is filled in when the answer's addresses are known.
    private func buildOptions(_ answer: PacketRef, _ echo: EchoedOptions, source: UInt32, destination: UInt32) {
        let base = answer.networkPointer
        let marks = echo.marks
        if marks.sourceRoute != 0 {
            let at = Int(marks.sourceRoute)
            base.storeBE32(destination, at: at + Int(base.load8(at: at + 1)) - 4)
        }
        if marks.flags.contains(.recordNeedsAddress) {
            let at = Int(marks.record)
            base.storeBE32(source, at: at + Int(base.load8(at: at + 2)) - 5)
        }
        let at = Int(marks.timestamp)
        if marks.flags.contains(.timestampNeedsAddress) {
            base.storeBE32(source, at: at + Int(base.load8(at: at + 2)) - 9)
        }
        if marks.flags.contains(.timestampNeedsTime) {
            base.storeBE32(currentTimestamp(), at: at + Int(base.load8(at: at + 2)) - 5)
        }
    }
}
