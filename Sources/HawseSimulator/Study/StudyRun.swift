import HawseDataplane
import HawseModel
import HawseWire

/// One contender's way through a study.
struct StudyRun {
    private typealias Endpoint = StudyPackets.Endpoint

    private enum Step: Int {
        case change, sample, open, answer, confirm, request, close, closeAnswer, closeConfirm
    }

    private struct Event: Comparable {
        var time: Int64
        var step: Step
        /// Flow or change.
        var index: Int

        static func < (a: Event, b: Event) -> Bool {
            (a.time, a.step.rawValue, a.index) < (b.time, b.step.rawValue, b.index)
        }
    }

    private enum Fate { case server(Int), refused, dropped, elsewhere }

    private let study: SchedulerStudy
    private let dataplane: Dataplane
    private let virtual: Endpoint
    private let ipProtocol: IPProtocol
    private let start = Instant(seconds: 1_700_000_000)
    private let device: UInt16
    private var result: StudyResult.Contender
    private var numbers: [Endpoint: Int] = [:]
    /// Server of each flow; −1: none.
    private var serverOfFlow: [Int]
    private var isOpen: [Bool]
    private var isHurt: [Bool]
    /// Server of each client's last connection before the last change, and whether it has come back since.
    private var lastServer: [IPAddress: Int] = [:]
    private var serverBefore: [IPAddress: Int] = [:]
    /// Share of the weights that each server has at present.
    private var shares: [Double] = []

    init(_ study: SchedulerStudy, _ contender: SchedulerStudy.Contender) throws {
        guard case .address(let ipProtocol, let address, let port) = study.service.key,
            ipProtocol == .tcp || ipProtocol == .udp
        else { throw Unsupported(description: "a study of a service that is neither TCP nor UDP") }
        self.study = study
        self.ipProtocol = ipProtocol
        virtual = Endpoint(address: address, port: port)
        dataplane = try Dataplane(study.node(for: contender), seed: study.seed)
        device = dataplane.interfaceIndex("eth0") ?? 1
        dataplane.advance(to: start)
        result = StudyResult.Contender(label: contender.label, servers: [], samples: [], changes: [])
        serverOfFlow = Array(repeating: -1, count: study.load.flows.count)
        isOpen = Array(repeating: false, count: study.load.flows.count)
        isHurt = Array(repeating: false, count: study.load.flows.count)
        for command in study.setUp(contender) { try dataplane.ipvs.apply(command) }
        for destination in study.service.destinations { register(destination) }
        weigh()
    }

    private mutating func register(_ destination: Destination) {
        let end = Endpoint(address: destination.address, port: destination.port != 0 ? destination.port : virtual.port)
        if numbers[end] != nil { return }
        numbers[end] = result.servers.count
        result.servers.append(
            StudyResult.Server(address: end.address, port: end.port, weight: destination.weight))
        // Samples taken before have nothing of it.
        for i in result.samples.indices {
            result.samples[i].active.append(0)
            result.samples[i].inactive.append(0)
        }
    }

    private mutating func weigh() {
        shares = Array(repeating: 0, count: result.servers.count)
        let servers = dataplane.ipvs.servers(of: study.service.key)
        let total = servers.reduce(0) { $0 + Int($1.destination.weight) }
        for server in servers where total > 0 {
            if let number = number(server.destination) {
                shares[number] = Double(server.destination.weight) / Double(total)
            }
        }
    }

    mutating func play() throws -> StudyResult.Contender {
        for event in events() {
            let now = start + event.time
            switch event.step {
            case .change: try change(study.changes[event.index], at: now)
            case .sample: sample(event.time, now)
            default: packet(event, now)
            }
        }
        finish()
        return result
    }

    private func events() -> [Event] {
        var events: [Event] = []
        let end = max(study.load.duration, study.changes.last?.time ?? 0)
        for i in study.changes.indices { events.append(Event(time: study.changes[i].time, step: .change, index: i)) }
        var time: Int64 = 0
        while time <= end, events.count < 1 << 20 {
            events.append(Event(time: time, step: .sample, index: 0))
            time += study.interval
        }
        let roundTrip: Int64 = 1_000_000
        for (i, flow) in study.load.flows.enumerated() {
            if ipProtocol == .tcp {
                events.append(Event(time: flow.start, step: .open, index: i))
                events.append(Event(time: flow.start + roundTrip, step: .answer, index: i))
                events.append(Event(time: flow.start + 2 * roundTrip, step: .confirm, index: i))
                let close = flow.start + max(flow.duration, 3 * roundTrip)
                events.append(Event(time: close, step: .close, index: i))
                events.append(Event(time: close + roundTrip, step: .closeAnswer, index: i))
                events.append(Event(time: close + 2 * roundTrip, step: .closeConfirm, index: i))
            }
            let requests = ipProtocol == .tcp ? flow.requests : max(flow.requests, 1)
            for n in 0..<min(requests, 1000) {
                let at = flow.start + (ipProtocol == .tcp ? 3 * roundTrip : 0)
                    + (flow.duration * Int64(n)) / Int64(max(requests, 1))
                events.append(Event(time: min(at, flow.start + max(flow.duration, 3 * roundTrip)), step: .request, index: i))
            }
        }
        return events.sorted()
    }

    // MARK: Packets

    private mutating func packet(_ event: Event, _ now: Instant) {
        let flow = study.load.flows[event.index]
        let client = Endpoint(address: flow.client, port: flow.port)
        switch event.step {
        case .open: begin(event.index, send(client, .syn, 0, now))
        case .request:
            let isFirst = ipProtocol == .udp && !isOpen[event.index]
            let fate = send(client, [.ack, .psh], flow.requestBytes, now)
            if isFirst { begin(event.index, fate) } else { goOn(event.index, fate) }
            answer(event.index, [.ack, .psh], flow.responseBytes, now)
        case .confirm: goOn(event.index, send(client, .ack, 0, now))
        case .close: goOn(event.index, send(client, [.fin, .ack], 0, now))
        case .closeConfirm:
            goOn(event.index, send(client, .ack, 0, now))
            isOpen[event.index] = false
        case .answer: answer(event.index, [.syn, .ack], 0, now)
        case .closeAnswer: answer(event.index, [.fin, .ack], 0, now)
        case .change, .sample: break
        }
    }

    /// A client's packet, and where the node sends it.
    private mutating func send(_ client: Endpoint, _ flags: TCPFlags, _ payload: Int, _ now: Instant) -> Fate {
        let frame = StudyPackets.frame(
            ipProtocol, from: client, to: virtual, flags: flags, payload: min(payload, 1400))
        frame.withUnsafeBytes { dataplane.receive($0, on: device, at: now) }
        var fate = Fate.dropped
        dataplane.takeOutputs { output in
            if StudyPackets.isRefusal(output.bytes) {
                fate = .refused
            } else if let end = StudyPackets.destination(output.bytes) {
                fate = numbers[end].map { .server($0) } ?? .elsewhere
            }
        }
        if case .server(let number) = fate {
            result.servers[number].packets += 1
            result.servers[number].bytes += frame.count - 14
        }
        return fate
    }

    /// The server's packet back to the client; nothing comes of it when the flow has no server.
    private mutating func answer(_ index: Int, _ flags: TCPFlags, _ payload: Int, _ now: Instant) {
        let number = serverOfFlow[index]
        guard number >= 0, isOpen[index] else { return }
        let flow = study.load.flows[index]
        let server = result.servers[number]
        let frame = StudyPackets.frame(
            ipProtocol, from: Endpoint(address: server.address, port: server.port),
            to: Endpoint(address: flow.client, port: flow.port), flags: flags, payload: min(payload, 1400))
        frame.withUnsafeBytes { dataplane.receive($0, on: device, at: now) }
        dataplane.takeOutputs { _ in }
        result.servers[number].packets += 1
        result.servers[number].bytes += frame.count - 14
    }

    private mutating func begin(_ index: Int, _ fate: Fate) {
        let client = study.load.flows[index].client
        guard case .server(let number) = fate else {
            result.refused += 1
            if !result.changes.isEmpty { result.changes[result.changes.count - 1].refused += 1 }
            return
        }
        result.servers[number].connections += 1
        for i in shares.indices { result.servers[i].expected += shares[i] }
        serverOfFlow[index] = number
        isOpen[index] = true
        if let before = serverBefore.removeValue(forKey: client), !result.changes.isEmpty {
            result.changes[result.changes.count - 1].returningClients += 1
            if before != number { result.changes[result.changes.count - 1].movedClients += 1 }
        }
        lastServer[client] = number
    }

    private mutating func goOn(_ index: Int, _ fate: Fate) {
        guard isOpen[index] else { return }
        switch fate {
        case .server(let number) where number == serverOfFlow[index]: return
        case .server(let number):
            if !result.changes.isEmpty, !isHurt[index] { result.changes[result.changes.count - 1].movedFlows += 1 }
            serverOfFlow[index] = number
        case .refused, .dropped, .elsewhere:
            result.dropped += 1
            if !result.changes.isEmpty, !isHurt[index] { result.changes[result.changes.count - 1].droppedFlows += 1 }
        }
        isHurt[index] = true
    }

    // MARK: Changes and looks

    private mutating func change(_ change: SchedulerStudy.Change, at now: Instant) throws {
        dataplane.advance(to: now)
        let before = dataplane.ipvs.schedulerTable(study.service.key)
        try dataplane.ipvs.apply(SchedulerStudy.masqueraded(change.command))
        let after = dataplane.ipvs.schedulerTable(study.service.key)
        var entry = StudyResult.Change(time: change.time, label: change.label)
        entry.openFlows = isOpen.reduce(0) { $0 + ($1 ? 1 : 0) }
        if let before, let after, before.count == after.count {
            entry.slots = after.count
            entry.movedSlots = zip(before, after).reduce(0) { moved, slot in
                let isSame = slot.0?.address == slot.1?.address && slot.0?.port == slot.1?.port
                return moved + (isSame ? 0 : 1)
            }
        }
        result.changes.append(entry)
        if case .addDestination(_, let destination) = change.command { register(destination) }
        weigh()
        serverBefore = lastServer
    }

    private mutating func sample(_ time: Int64, _ now: Instant) {
        dataplane.advance(to: now)
        var sample = StudyResult.Sample(
            time: time, active: Array(repeating: 0, count: result.servers.count),
            inactive: Array(repeating: 0, count: result.servers.count))
        for server in dataplane.ipvs.servers(of: study.service.key) {
            guard let number = number(server.destination) else { continue }
            sample.active[number] = server.activeConnections
            sample.inactive[number] = server.inactiveConnections
            result.servers[number].peakActive = max(result.servers[number].peakActive, server.activeConnections)
            result.servers[number].peakInactive = max(result.servers[number].peakInactive, server.inactiveConnections)
        }
        result.samples.append(sample)
    }

    private func number(_ destination: Destination) -> Int? {
        numbers[Endpoint(address: destination.address, port: destination.port != 0 ? destination.port : virtual.port)]
    }

    private mutating func finish() {
        for i in result.servers.indices { result.servers[i].weight = 0 }
        for server in dataplane.ipvs.servers(of: study.service.key) {
            if let number = number(server.destination) { result.servers[number].weight = server.destination.weight }
        }
        guard let table = dataplane.ipvs.schedulerTable(study.service.key), !table.isEmpty else { return }
        var counts = [Int](repeating: 0, count: result.servers.count)
        for slot in table {
            if let slot, let number = number(slot) { counts[number] += 1 }
        }
        for i in counts.indices { result.servers[i].tableShare = Double(counts[i]) / Double(table.count) }
    }
}
