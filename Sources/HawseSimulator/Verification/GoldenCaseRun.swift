import Foundation
import HawseCapture
import HawseDataplane
import HawseFormats
import HawseModel
import HawseWire

/// Plays a golden case through a dataplane and keeps what comes out.
public struct GoldenCaseRun {
    let golden: GoldenCase
    let dataplane: Dataplane
    /// By interface name.
    var frames: [String: [CaseOutput]] = [:]
    /// By file name in expect/.
    var states: [String: String] = [:]
    private var observed: [String] = []
    private var lastCause: UInt64 = 0
    private var sequence: Int64 = 0
    private var drawnPorts: DrawnPorts?
    private(set) var synproxyNumbers: SynproxyNumbers?
    private var lastLook = 0
    /// Decisions as lines of `hawse.trace/1`, when they are traced.
    var story: [UInt8] = []
    private(set) var lastTime = Instant(seconds: 1_700_000_000)

    init(_ golden: GoldenCase, seed: UInt64 = 1) throws(DataplaneError) {
        self.golden = golden
        // The order of ipvsadm's commands counts, not only what they lead to.
        var spec = golden.spec
        spec.ipvs = nil
        if golden.spec.ipvs != nil { spec.listeners += golden.localSockets }
        dataplane = try Dataplane(spec, seed: seed)
        dataplane.advance(to: Instant(seconds: 1_700_000_000))
        for command in golden.ipvsCommands {
            do throws(IPVSCommandError) {
                try dataplane.ipvs.apply(command)
            } catch {
                throw DataplaneError("ipvsadm: \(error)")
            }
        }
    }

    /// How a case is played; nothing of it may show in the result.
    public struct Options: Hashable, Sendable {
        public var usesFlowCache: Bool
        public var usesClassifiers: Bool
        public var isTraced: Bool

        public init(usesFlowCache: Bool = true, usesClassifiers: Bool = true, isTraced: Bool = false) {
            self.usesFlowCache = usesFlowCache
            self.usesClassifiers = usesClassifiers
            self.isTraced = isTraced
        }
    }

    /// What a case gives: frames by interface, and texts of states by name.
    public struct Product: Hashable, Sendable {
        public var frames: [String: [[UInt8]]]
        public var states: [String: String]
    }

    /// Plays one case folder and gives what came out, without judging it.
    public static func produce(_ directory: String, _ options: Options = Options()) throws -> Product {
        var run = try GoldenCaseRun(try GoldenCase(directory: directory))
        run.dataplane.usesFlowCache = options.usesFlowCache
        run.dataplane.usesClassifiers = options.usesClassifiers
        run.dataplane.isTracing = options.isTraced
        try run.play()
        return Product(frames: run.frames.mapValues { $0.map(\.bytes) }, states: run.states)
    }

    /// Judges one case folder; with `output`, also writes what was produced below it.
    /// `isTraced`: with all decisions, as `trace.ndjson`.
    public static func verify(_ directory: String, writingTo output: String? = nil, isTraced: Bool = false) -> CaseReport {
        var name = directory.split(separator: "/").suffix(2).joined(separator: "/")
        do {
            let golden = try GoldenCase(directory: directory)
            name = golden.name
            var draws: [Int: UInt16] = [:]
            var cookies: [SynproxyNumbers.Flow: UInt32] = [:]
            while true {
                var run = try GoldenCaseRun(golden)
                run.dataplane.isTracing = isTraced
                if golden.followsDraws {
                    run.dataplane.drawPorts(as: draws)
                    run.shift(cookies)
                }
                try run.play()
                let why = try run.divergence()
                if why != nil, golden.followsDraws, run.follow(&cookies) { continue }
                if why != nil, golden.followsDraws, let draw = try run.unlikeDraw(except: draws) {
                    draws[draw.number] = draw.port
                    continue
                }
                if let output { try run.write(to: output + "/" + golden.name) }
                return CaseReport(name: name, result: why == nil ? .pass : .fail, why: why ?? "")
            }
        } catch let error as CaptureError {
            return CaseReport(name: name, result: .fail, why: error.description)
        } catch {
            return CaseReport(name: name, result: .unsupported, why: "\(error)")
        }
    }

    /// Feeds every frame, event and step in order, then reads the states.
    mutating func play() throws {
        let inputs = try CaseInput.load(golden)
        drawnPorts = try DrawnPorts(golden)
        synproxyNumbers = try SynproxyNumbers(golden)
        let start = Instant(seconds: 1_700_000_000)
        var now = start
        var events = golden.file.events[...]
        for (count, input) in inputs.enumerated() {
            try stepsAndObservations(after: count, start: start, now: &now)
            while let event = events.first, event.time <= input.time {
                dataplane.advance(to: event.time)
                collect()
                try CaseCommand.run(event.command, on: dataplane)
                events.removeFirst()
            }
            now = max(now, input.time)
            inject(input)
            lastTime = now
        }
        try stepsAndObservations(after: inputs.count, start: start, now: &now)
        for event in events {
            dataplane.advance(to: event.time)
            collect()
            try CaseCommand.run(event.command, on: dataplane)
        }
        // Timed recordings ran on for some seconds after the last packet: unanswered ARP requests gave up in that time.
        if golden.file.isTimed, golden.spec.ipvs == nil { dataplane.advance(to: now + .milliseconds(4200)) }
        collect()
        try readStates(suffix: "")
        if !golden.observations.isEmpty { states["states.jsonl"] = observed.joined(separator: "\n") + "\n" }
    }

    private mutating func inject(_ input: CaseInput) {
        collect()
        var bytes = drawnPorts?.readdress(input) ?? input.bytes
        if let numbers = synproxyNumbers, input.interface != nil { bytes = numbers.readdressed(bytes) }
        bytes.withUnsafeBytes { bytes in
            if let interface = input.interface {
                guard let index = dataplane.interfaceIndex(interface) else { return }
                dataplane.receive(bytes, on: index, at: input.time)
            } else {
                dataplane.send(bytes, at: input.time)
            }
        }
    }

    /// What was done and looked at between two packets, by time; a look comes before a change of the same time.
    private mutating func stepsAndObservations(after count: Int, start: Instant, now: inout Instant) throws {
        var steps = golden.steps.filter { $0.afterPacket == count }[...]
        var observations = golden.observations.filter { $0.afterPacket == count }[...]
        while !steps.isEmpty || !observations.isEmpty {
            let looks = observations.first.map { look in steps.first.map { (look.at ?? 0) <= ($0.at ?? 0) } ?? true }
            if looks ?? false {
                let observation = observations.removeFirst()
                // Looked at right behind a burst, the servers still count what the timers' next tick takes away.
                let isBurst = count - lastLook > 1 && observation.at == nil
                lastLook = count
                let early = isBurst ? dataplane.ipvsListing(isEarly: true) : nil
                wait(until: observation.at, start, &now)
                observed.append(CaseStates.observation(dataplane, observation, early: early))
            } else {
                let step = steps.removeFirst()
                wait(until: step.at, start, &now)
                try run(step)
            }
        }
    }

    private mutating func wait(until at: Double?, _ start: Instant, _ now: inout Instant) {
        if let at { now = max(now, start + Int64((at * 1e9).rounded())) }
        dataplane.advance(to: now)
        collect()
    }

    private mutating func run(_ step: CaseStep) throws {
        for line in step.ipvsadm { try CaseCommand.run("ipvsadm " + line, on: dataplane) }
        for (key, value) in step.sysctls.sorted(by: { $0.key < $1.key }) {
            try CaseCommand.run("sysctl -qw \(key)=\(value)", on: dataplane)
        }
        for line in step.ip { try CaseCommand.run("ip " + line, on: dataplane) }
        if let snapshot = step.snapshot { try readStates(suffix: ".\(snapshot)") }
    }

    /// What the recordings leave out: multicast listener messages, IGMP and router solicitations, in a VLAN too.
    private static func isLeftOut(_ frame: UnsafeRawBufferPointer) -> Bool {
        let tag = frame.count >= 18 && frame[12] == 0x81 && frame[13] == 0 ? 4 : 0
        guard frame.count >= 34 + tag else { return false }
        let type = UInt16(frame[12 + tag]) << 8 | UInt16(frame[13 + tag])
        if type == 0x0800 { return frame[23 + tag] == 2 }
        guard type == 0x86dd, frame.count >= 56 + tag else { return false }
        var next = frame[20 + tag]
        var at = 54 + tag
        if next == 0 {
            next = frame[at]
            at += (Int(frame[at + 1]) + 1) * 8
        }
        guard next == 58, at < frame.count else { return false }
        return (130...133).contains(frame[at]) || frame[at] == 143
    }

    /// Takes what has left: stamped with the time of the cause plus 1, 2, 3 … µs, over all interfaces.
    private mutating func collect() {
        if dataplane.isTracing { tell() }
        dataplane.takeOutputs { frame in
            if frame.cause != lastCause {
                lastCause = frame.cause
                sequence = 0
            }
            if Self.isLeftOut(frame.bytes) { return }
            sequence += 1
            let name = dataplane.interfaceName(frame.interface)
            let index = frames[name]?.count ?? 0
            var bytes = Array(frame.bytes)
            drawnPorts?.learn(bytes, on: name, index: index)
            bytes = synproxyNumbers?.normalized(bytes, on: name, index: index) ?? bytes
            frames[name, default: []].append(CaseOutput(time: frame.time + sequence * 1000, bytes: bytes))
        }
    }

    private mutating func tell() {
        var lines = JSONLines()
        if story.isEmpty { lines.append(schema: "hawse.trace/1") }
        for event in dataplane.takeTrace() {
            lines.append(event, node: golden.spec.name, devices: dataplane.interfaceNames, at: lastTime)
        }
        lines.withBytes { story += $0 }
    }

    private mutating func readStates(suffix: String) throws {
        for name in golden.files(in: "expect") {
            guard name != "states.jsonl", name != "local-delivery", name.hasSuffix(suffix) else { continue }
            let base = suffix.isEmpty ? name : String(name.dropLast(suffix.utf8.count))
            // `ipvs-list.2` belongs to snapshot 2, not to the end.
            if suffix.isEmpty, let last = name.split(separator: ".").last, Int(last) != nil { continue }
            let recorded = FileManager.default.contents(atPath: golden.directory + "/expect/" + name) ?? Data()
            states[name] = try CaseStates.text(
                base, dataplane, golden.file.suite, recorded: String(decoding: recorded, as: UTF8.self))
        }
    }
}
