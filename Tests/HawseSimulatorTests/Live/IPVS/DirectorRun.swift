import Foundation
import HawseSimulator

/// One seed: a director, virtual servers, changes and packets by chance, in the running kernel; then the same in ours.
struct DirectorRun {
    private(set) var packets = 0
    private(set) var changes = 0
    private(set) var live: LiveCase
    private let kernel: KernelNode
    private let draw: Draw
    private let traffic: GeneratedTraffic
    private let words: DirectorTraffic
    private let sync: GeneratedSync?
    /// The number of packets before which the director is left in peace for a while.
    private var pause = 0
    private var flooded = 0
    private var services: GeneratedServices

    init(seed: UInt64) throws {
        draw = Draw(seed: seed)
        var director = GeneratedDirector(draw, seed: seed)
        director.isAlone = !draw.oneIn(3) && LiveSeeds.setting("SYNC") == nil
        sync = director.isAlone ? nil : GeneratedSync(draw, &director)
        services = GeneratedServices(draw, director)
        let rules = GeneratedDirectorRules(draw, director, services)
        if rules.hasNAT, draw.percent(70) { director.setup.sysctls["net.ipv4.vs.conntrack"] = "1" }
        director.setup.kernel = LiveCase.release
        live = LiveCase(setup: director.setup, rules: LiveRules(tables: rules.text, sets: ""))
        live.rules.servers = (services.lines + (sync?.commands ?? [])).map { $0 + "\n" }.joined()
        traffic = GeneratedTraffic(draw, director.node)
        traffic.hasRoutingHeaders = false
        // What is invalid to conntrack is tracked anew behind the virtual server, and its port drawn.
        traffic.sumsAreRight = rules.hasNAT
        words = DirectorTraffic(director: director, draw: draw)
        kernel = try KernelNode(director.setup)
        kernel.awaitSilence()
        if let sync {
            // What it says of its groups is said before rules count it: some milliseconds later, and again within a second.
            try kernel.run("ipvsadm", ["--restore"], input: sync.commands.map { $0 + "\n" }.joined())
            usleep(2_500_000)
            kernel.awaitSilence()
        }
        if !live.rules.tables.isEmpty { try kernel.run(restore, [], input: live.rules.tables) }
        try kernel.run("ipvsadm", ["--restore"], input: services.lines.map { $0 + "\n" }.joined())
    }

    private var isIPv6: Bool { live.setup.family == 6 }
    private var restore: String { isIPv6 ? "ip6tables-legacy-restore" : "iptables-legacy-restore" }
    private static let start: Int64 = 1_700_000_000_000_000_000

    // MARK: packets

    mutating func play(packets wanted: Int) throws {
        // The kernel looks once a second at how much it must defend itself.
        if !live.setup.sysctls.keys.filter({ $0.hasSuffix("drop_packet") || $0.hasSuffix("secure_tcp") }).isEmpty { usleep(1_300_000) }
        // Microseconds since the case's beginning, whose ticks lie as those of the kernel's timer wheel do.
        let began = Self.uptime - Self.phase()
        func elapsed() -> Int64 { Self.uptime - began }
        var last: Int64 = 0
        _ = try kernel.settled()
        while packets - flooded < wanted {
            if packets > 0, draw.oneIn(12) { try change(at: &last, elapsed) }
            if sync != nil, packets >= pause { try rest(at: &last, elapsed) }
            let current = services.services
            let words = self.words
            let sync = self.sync
            traffic.beginning = { traffic in
                if let sync, sync.isBackup, traffic.draw.oneIn(5) { return sync.message(traffic, words, current) }
                return words.begin(traffic, current)
            }
            for injection in traffic.next() where fits(injection) {
                // Timers of the kernel fire by ticks of four milliseconds.
                usleep(5000)
                last = max(last + 50, elapsed())
                try inject(injection, at: Self.start + last * 1000)
            }
        }
        try readStates(after: last, began: began)
    }

    /// Microseconds since the machine's start, as in /proc/uptime.
    private static var uptime: Int64 {
        var time = timespec()
        clock_gettime(7, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    /// How many microseconds after a time at which all levels of a timer wheel turn (`TICK_NSEC` 4 ms, 4096 ticks) it is in the
    /// running kernel, which tells its jiffies.
    private static func phase() -> Int64 {
        var latest: Int64?
        for _ in 0..<200 {
            let before = uptime * 1000
            guard let text = try? String(contentsOfFile: "/proc/schedstat", encoding: .utf8),
                let jiffies = number(behind: "timestamp ", in: text)
            else { break }
            // When the first tick was, up to one too late.
            latest = max(latest ?? .min, before - jiffies * tickLength)
        }
        // A machine that does not tell: any phase will do.
        guard let latest else { return 0 }
        let wheel = 4096 * tickLength
        let now = uptime * 1000 - (latest - tickLength) - start
        return ((now % wheel + wheel) % wheel) / 1000
    }

    private static let tickLength: Int64 = 4_000_000

    private static func number(behind word: String, in text: String) -> Int64? {
        text.firstRange(of: word).flatMap { Int64(text[$0.upperBound...].prefix { $0.isNumber }) }
    }

    /// No host sends what its wire does not take.
    private func fits(_ injection: Injection) -> Bool {
        guard let device = live.setup.interfaces.first(where: { $0.name == injection.device }) else { return true }
        return injection.bytes.count <= device.mtu + 14
    }

    private mutating func inject(_ injection: Injection, at time: Int64) throws {
        try send(injection, at: time)
        // The backup's thread reads messages in its own time.
        if injection.device == GeneratedSync.device { usleep(60_000) }
        let output = try collect(at: time)
        traffic.hear(output.mapValues { $0.compactMap(words.heard) })
    }

    private mutating func send(_ injection: Injection, at time: Int64) throws {
        live.inputs[injection.device ?? "local", default: []].append(LiveCase.Frame(nanoseconds: time, bytes: injection.bytes))
        if let device = injection.device {
            try kernel.inject(injection.bytes, on: device)
        } else {
            kernel.sendLocal(injection.bytes)
        }
        packets += 1
    }

    /// What has left since.
    @discardableResult
    private mutating func collect(at time: Int64) throws -> [String: [[UInt8]]] {
        let output = try kernel.settled().mapValues { $0.filter { !LiveCase.isLeftOut($0) } }
        var count: Int64 = 0
        for (device, frames) in output.sorted(by: { $0.key < $1.key }) {
            for frame in frames {
                count += 1
                live.outputs[device, default: []].append(LiveCase.Frame(nanoseconds: time + count * 1000, bytes: frame))
            }
        }
        return output
    }

    /// A message is sent when it has been in the making for two seconds, and a thread that looks every second sees that: some
    /// packets within two seconds, then a while without any.
    private mutating func rest(at last: inout Int64, _ elapsed: () -> Int64) throws {
        if packets > 0 { usleep(3_600_000) }
        if let sync, sync.isFlood, packets > 0, flooded == 0 {
            for (number, injection) in sync.flood(traffic, words.director, services.services).enumerated() {
                last = max(last + 50, elapsed())
                let time = Self.start + last * 1000
                try send(injection, at: time)
                flooded += 1
                if number % 30 == 29 { try collect(at: time) }
            }
            try collect(at: Self.start + last * 1000)
            usleep(3_600_000)
        }
        pause = packets + draw.between(3...10)
        last = max(last + 50, elapsed())
        try collect(at: Self.start + last * 1000)
    }

    // MARK: changes

    private mutating func change(at last: inout Int64, _ elapsed: () -> Int64) throws {
        var step = LiveStep(after_packet: packets, at: 0, ipvsadm: [], sysctls: [:])
        if draw.oneIn(4) {
            let (key, value) = draw.pick(GeneratedDirector.settings(draw))
            step.sysctls["net.ipv4.vs." + key] = value
            try kernel.set("net.ipv4.vs." + key, to: value)
        } else {
            step.ipvsadm = services.change(draw)
            guard !step.ipvsadm.isEmpty else { return }
            changes += 1
            // What has not been collected yet is not zeroed; every other second it is.
            if step.ipvsadm[0].hasPrefix("-Z") { usleep(2_200_000) }
            let input = step.ipvsadm.map { $0 + "\n" }.joined()
            try kernel.run("ipvsadm", ["--restore"], input: input)
        }
        last = max(last + 50, elapsed())
        step.at = Double(last) / 1e6
        live.steps.append(step)
        last += 50
        guard !step.ipvsadm.isEmpty else { return }
        live.states["ipvs-list.\(changes)"] = try kernel.run("ipvsadm", ["-Ln"])
        last = max(last + 50, elapsed())
        live.steps.append(
            LiveStep(after_packet: packets, at: Double(last) / 1e6, ipvsadm: [], sysctls: [:], snapshot: changes))
        last += 50
    }

    // MARK: states

    /// The listings, by file name of a case.
    private static let listings = [
        ("ipvs-conns", "-Lnc"), ("ipvs-timers", "-Lnc"), ("ipvs-list", "-Ln"), ("ipvs-thresholds", "-Ln --thresholds"),
        ("ipvs-persistent-conn", "-Ln --persistent-conn"), ("ipvs-save", "-Sn"), ("ipvs-tunnels", "-Ln --tun-info"),
        ("ipvs-unsorted", "-Ln --nosort"), ("ipvs-timeouts", "-Ln --timeout"), ("ipvs-daemons", "-Ln --daemon"),
        ("ipvs-engine-conns", "-Lnc --persistent-conn"),
    ]

    /// Each listing is a snapshot of its own, at the time at which its program had ended: timers go on between them.
    private mutating func readStates(after last: Int64, began: Int64) throws {
        var commands = Self.listings.map { ($0, "ipvsadm \($1)") }
        commands.insert(("conntrack", "conntrack -L -o extended -f ipv\(live.setup.family) 2>/dev/null || true"), at: 1)
        if !live.rules.tables.isEmpty {
            commands.append(("iptables.v\(live.setup.family)", "\(isIPv6 ? "ip6tables" : "iptables")-legacy-save -c"))
        }
        // Counters are collected every other second.
        commands.append(("ipvs", "sleep 4.5; ipvsadm -Ln --exact --stats"))
        commands.append(("ipvs-short", "ipvsadm -Ln --stats"))
        let script = commands.map { "echo '@ \($0)'; \($1); read t rest < /proc/uptime; echo \"$t\"" }.joined(separator: "; ")
        let text = try kernel.run("sh", ["-c", script])
        var number = changes
        for part in text.split(separator: "@ ") {
            var lines = part.split(separator: "\n").map(String.init)
            guard lines.count >= 2, let time = Double(lines.removeLast()) else { continue }
            number += 1
            let name = lines.removeFirst()
            live.states["\(name).\(number)"] = Self.state(name, lines)
            let at = max(last, Int64(time * 1e6) - began)
            live.steps.append(
                LiveStep(after_packet: packets, at: Double(at) / 1e6, ipvsadm: [], sysctls: [:], snapshot: number))
        }
        // What timers have sent meanwhile.
        try collect(at: Self.start + Int64((live.steps.last?.at ?? 0) * 1e9))
        addFree()
    }

    private static func state(_ name: String, _ lines: [String]) -> String {
        var lines = lines
        if name == "ipvs-conns" { lines = connections(lines) }
        if name == "conntrack" {
            lines = lines.filter { $0.hasPrefix("ipv") }.map { KernelNode.timeless($0[...], keepsUses: true) }.sorted()
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// Without the heading and the timers, sorted.
    private static func connections(_ lines: [String]) -> [String] {
        lines.dropFirst(2).map { line in
            var words = line.split(separator: " ")
            if words.count > 1 { words.remove(at: 1) }
            return words.joined(separator: " ")
        }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The source port of GUE and that of the synchronisation daemon's socket are drawn by the kernel.
    private mutating func addFree() {
        if sync != nil {
            live.setup.free.append(LiveSetup.Free(field: "udp-source-port", range: [32768, 60999], iface: GeneratedSync.device))
            live.setup.free.append(LiveSetup.Free(field: "ip-id", iface: GeneratedSync.device))
        }
        for (device, frames) in live.outputs.sorted(by: { $0.key < $1.key }) {
            let numbers = frames.indices.filter { index in
                guard let received = Received(frames[index].bytes), received.ipProtocol == 17 else { return false }
                return received.length >= 8 && received.word(received.transport + 2) == 6080
            }
            guard !numbers.isEmpty else { continue }
            live.setup.free.append(
                LiveSetup.Free(field: "udp-source-port", range: [32768, 60999], iface: device, frames: Array(numbers)))
        }
    }

    // MARK: judgement

    /// Writes the case and plays it here; what differs, or `nil`.
    func difference(keepingIn directory: String, isJudged: Bool) throws -> String? {
        try live.write(to: directory)
        guard isJudged else { return nil }
        let report = GoldenCaseRun.verify(directory)
        guard report.result == .pass else { return "\(report.result.rawValue): \(report.why)" }
        // The case's comparison is blind to blanks.
        let produced = try GoldenCaseRun.produce(directory).states
        for name in live.states.keys.sorted() where name.hasPrefix("ipvs") && !name.hasPrefix("ipvs-unsorted") && !name.hasPrefix("ipvs-timers")
            && !name.hasPrefix("ipvs-engine-conns")
        {
            if produced[name] != live.states[name] { return "\(name): `\(live.states[name] ?? "")' is not `\(produced[name] ?? "")'" }
        }
        return nil
    }

    /// Whether a difference is only in ports that the kernel drew where translations clash.
    func isOnlyDrawn(keepingIn directory: String) throws -> Bool {
        var other = live
        other.setup.free.append(LiveSetup.Free(field: "source-port"))
        try other.write(to: directory)
        let report = GoldenCaseRun.verify(directory)
        try live.write(to: directory)
        return report.result == .pass
    }

    /// Whether listings differ only by connections whose timers were about to fire: each agrees with what is here a little
    /// earlier or later. Frames must be equal.
    func isOnlyTimers(_ difference: String, keepingIn directory: String) throws -> Bool {
        guard difference.contains(": expect/") else { return false }
        var left = live.states
        var other = live
        for shift in [0, -0.1, -0.2, -0.3, -0.5, -0.8, 0.15, 0.3] {
            var last = 0.0
            for index in live.steps.indices {
                if live.steps[index].snapshot != nil { other.steps[index].at = max(last, live.steps[index].at + shift) }
                last = other.steps[index].at
            }
            try other.write(to: directory)
            let states = try GoldenCaseRun.produce(directory).states
            left = left.filter { Self.words($0.value) != Self.words(states[$0.key] ?? "") }
        }
        try live.write(to: directory)
        return left.isEmpty
    }

    private static func words(_ text: String) -> [String] {
        text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.split(separator: " ").joined(separator: " ") }.sorted()
    }
}
