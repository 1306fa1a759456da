import Foundation
import HawseControl
import HawseFormats
import HawseModel
@testable import HawseSimulator
import HawseWire
import Testing

/// Services by chance, on a node of the running kernel with the rules that kube-proxy would have written.
///
/// In iptables mode all is compared as in `LiveNetfilterTests`, with `statistic` taking turns and masquerading without
/// `--random-fully`, as two draws could not be equal. Then the rules as they are, of iptables and of nftables mode: what becomes
/// of a client's first packet must be what the walk over the rendered rules says (`hawse flows`), as `FirstPackets` sees it.
@Suite(.serialized, .enabled(if: LiveObstacle.netfilter == nil, "live Services: \(LiveObstacle.netfilter ?? "")"))
struct LiveProxyTests {
    /// A cluster by chance, and its proxy on node-a.
    struct Scene {
        let draw: Draw
        let place: ServiceNode
        let proxies: [ProxyMode: KubeProxy]
        var family: AddressFamily { place.isIPv6 ? .ipv6 : .ipv4 }

        init(seed: UInt64) {
            draw = Draw(seed: seed)
            let drawn = DrawnServices(draw, count: draw.between(3...7))
            let configuration = DrawnServices.configuration(draw)
            var proxies: [ProxyMode: KubeProxy] = [:]
            for mode in [ProxyMode.iptables, .nftables, .ipvs] {
                proxies[mode] = ProxyRenderer.proxy(
                    drawn.objects, node: drawn.node, mode: mode, configuration: configuration, kernel: .init(hasNFAcct: false))
            }
            self.proxies = proxies
            place = ServiceNode(draw, seed: seed, drawn: drawn, settings: proxies[.iptables]?.state().sysctls ?? [:])
        }

        func rules(_ mode: ProxyMode = .iptables) throws -> RuleSet {
            let state = try #require(proxies[mode]?.state())
            return try #require(family == .ipv4 ? state.iptables : state.ip6tables)
        }
    }

    static func restore(_ family: AddressFamily) -> String {
        family == .ipv4 ? "iptables-legacy-restore" : "ip6tables-legacy-restore"
    }

    // MARK: iptables mode, everything

    /// Turns instead of draws: `--every n --packet 0` where n endpoints are left.
    static func steady(_ rules: RuleSet) -> RuleSet {
        var rules = rules
        rules.changeRules { rule in
            if case .masquerade(var options) = rule.target {
                options.randomFully = false
                rule.target = .masquerade(options)
            }
            for index in rule.matches.indices {
                guard case .statistic(var statistic) = rule.matches[index], case .random(let probability) = statistic.mode else { continue }
                statistic.mode = .nth(every: UInt32((2_147_483_648 / Double(probability)).rounded()), packet: 0)
                rule.matches[index] = .statistic(statistic)
            }
        }
        return rules
    }

    @Test func kernelAndSimulatorAgreeAboutServices() throws {
        var seeds = LiveSeeds("services")
        defer { seeds.cleanUp() }
        var packets = 0
        var differences: [String] = []
        try LiveNamespace.onOneProcessor {
            while let seed = seeds.next() {
                let scene = Scene(seed: seed)
                let text = IPTablesPrinter().text(Self.steady(try scene.rules()))
                var live = LiveCase(setup: scene.place.setup, rules: LiveRules(tables: text, sets: ""))
                let kernel = try KernelNode(live.setup)
                live.setup.leaveOut(kernel.refused)
                try kernel.run(Self.restore(scene.family), [], input: text)
                let traffic = GeneratedTraffic(scene.draw, scene.place.node)
                let words = ServiceTraffic(place: scene.place, draw: scene.draw)
                traffic.beginning = { words.begin($0) }
                packets += try live.play(traffic, packets: 80, in: kernel) ?? 0
                live.states = try kernel.states(hasSets: false)
                let directory = seeds.folder + "/services-\(seed)"
                if let difference = try live.difference(keepingIn: directory) {
                    differences.append("HAWSE_LIVE_SEED=\(seed): \(difference)")
                } else {
                    try seeds.forget(directory)
                }
            }
        }
        print("live Services: \(seeds.range): \(seeds.count) clusters, \(packets) packets")
        for difference in differences { print("live Services: \(difference)") }
        #expect(differences.isEmpty, "\(differences.count) of \(seeds.count) clusters: \(differences)")
        #expect(packets >= 80)
    }

    // MARK: both modes, what becomes of a first packet

    @Test(arguments: [ProxyMode.iptables, .nftables]) func firstPacketsFareAsTheRulesSay(_ mode: ProxyMode) throws {
        try #require(mode == .iptables || KernelNode.tool("nft") != nil, "no nft")
        var seeds = LiveSeeds("first packets")
        defer { seeds.cleanUp() }
        var count = 0
        var verdicts: [FlowOutcome.Verdict: Int] = [:]
        var differences: [String] = []
        try LiveNamespace.onOneProcessor {
            while let seed = seeds.next() {
                let scene = Scene(seed: seed)
                let kernel = try KernelNode(scene.place.setup)
                try kernel.listen(on: "lo")
                try Self.load(scene, mode, kernel)
                let probe = try FirstPackets(scene, mode)
                for _ in 0..<100 {
                    let (packet, injection) = probe.next()
                    let ways = try probe.ways(packet)
                    let walk = FlowState.outcome(of: ways, markBit: probe.mark)
                    _ = try kernel.settled()
                    if let device = injection.device { try kernel.inject(injection.bytes, on: device) } else { kernel.sendLocal(injection.bytes) }
                    let seen = probe.read(try kernel.settled(), packet)
                    count += 1
                    verdicts[walk.verdict, default: 0] += 1
                    if !probe.agrees(seen, ways, packet) {
                        differences.append("HAWSE_LIVE_SEED=\(seed) \(mode): \(packet.text): the kernel \(seen), the walk \(walk)")
                    }
                }
            }
        }
        let counts = verdicts.map { "\($0.value) \($0.key.rawValue)" }.sorted().joined(separator: ", ")
        print("live Services, first packets, \(mode): \(seeds.range): \(seeds.count) clusters, \(count) packets: \(counts)")
        #expect(differences.isEmpty, "\(differences.count) packets: \(differences.prefix(10).joined(separator: "\n"))")
        #expect(count >= 100)
        // Few clusters need not have all: most drop nothing.
        for (verdict, clusters) in [(FlowOutcome.Verdict.dnat, 5), (.reject, 5), (.drop, 40)] where seeds.count >= clusters {
            #expect(verdicts[verdict, default: 0] > 1, "\(verdict): \(counts)")
        }
    }

    private static func load(_ scene: Scene, _ mode: ProxyMode, _ kernel: KernelNode) throws {
        if mode == .iptables {
            try kernel.run(restore(scene.family), [], input: IPTablesPrinter().text(try scene.rules()))
        } else {
            try kernel.run("nft", ["-f", "-"], input: try #require(scene.proxies[.nftables]?.state().nft))
        }
    }
}

/// The same in IPVS mode, where the kernel has virtual servers (`scripts/live-ipvs`): rules, ipsets, servers and kube-ipvs0.
@Suite(.serialized, .enabled(if: LiveObstacle.ipvs == nil, "live Services: \(LiveObstacle.ipvs ?? "")"))
struct LiveIPVSServiceTests {
    @Test func kernelAndSimulatorAgreeAboutVirtualServers() throws {
        var seeds = LiveSeeds("virtual services")
        defer { seeds.cleanUp() }
        var packets = 0
        var differences: [String] = []
        try LiveNamespace.onOneProcessor {
            while let seed = seeds.next() {
                let scene = LiveProxyTests.Scene(seed: seed)
                var live = try Self.liveCase(scene)
                let kernel = try KernelNode(live.setup)
                live.setup.leaveOut(kernel.refused)
                try kernel.run("ipset", ["restore"], input: live.rules.sets)
                try kernel.run(LiveProxyTests.restore(scene.family), [], input: live.rules.tables)
                try kernel.run("ipvsadm", ["--restore"], input: live.rules.servers)
                let traffic = GeneratedTraffic(scene.draw, scene.place.node)
                // What is invalid to conntrack is tracked anew behind the virtual server, and its port drawn.
                traffic.sumsAreRight = true
                traffic.hasRoutingHeaders = false
                var words = ServiceTraffic(place: scene.place, draw: scene.draw)
                // In cases with virtual servers who sends datagrams hears what comes back.
                words.datagramPorts = live.setup.listeners.map(\.port)
                traffic.beginning = { [words] in words.begin($0) }
                packets += try live.play(traffic, packets: 60, in: kernel, pause: 5000) ?? 0
                live.states = try kernel.states(hasSets: true)
                let directory = seeds.folder + "/virtual-services-\(seed)"
                if let difference = try live.difference(keepingIn: directory) {
                    differences.append("HAWSE_LIVE_SEED=\(seed): \(difference)")
                } else {
                    try seeds.forget(directory)
                }
            }
        }
        print("live Services in IPVS mode: \(seeds.range): \(seeds.count) clusters, \(packets) packets")
        for difference in differences { print("live Services in IPVS mode: \(difference)") }
        #expect(differences.isEmpty, "\(differences.count) of \(seeds.count) clusters: \(differences)")
        #expect(packets >= 60)
    }

    private static func liveCase(_ scene: LiveProxyTests.Scene) throws -> LiveCase {
        var setup = scene.place.setup
        let state = try #require(scene.proxies[.ipvs]?.state())
        setup.listeners = GeneratedDirector.localPorts.map { LiveSetup.Socket(proto: "udp", port: $0, family: setup.family) }
        setup.name = setup.name.replacing("services", with: "virtual-services")
        let bits = scene.family.bitCount
        setup.interfaces.append(
            LiveSetup.Interface(
                name: ProxyState.dummyDevice, mac: "02:00:00:00:0d:01",
                addresses: state.dummyAddresses.filter { $0.family == scene.family }.map { "\($0)/\(bits)" }, kind: "dummy", up: false))
        for (key, value) in state.sysctls where key.hasPrefix("net.ipv4.vs.") { setup.sysctls[key] = value }
        var servers = try #require(state.ipvs)
        servers.services.removeAll { service in
            if case .address(_, let address, _) = service.key { address.family != scene.family } else { true }
        }
        return LiveCase(
            setup: setup,
            rules: LiveRules(
                tables: IPTablesPrinter().text(LiveProxyTests.steady(try scene.rules(.ipvs))),
                sets: IPSetPrinter().text(state.sets.filter { $0.name.hasPrefix("KUBE-6-") == (scene.family == .ipv6) }),
                servers: IPVSAdmPrinter().saved(servers)))
    }
}

extension RuleSet {
    fileprivate mutating func changeRules(_ change: (inout Rule) -> Void) {
        for t in tables.indices {
            for c in tables[t].chains.indices {
                for r in tables[t].chains[c].rules.indices { change(&tables[t].chains[c].rules[r]) }
            }
        }
    }
}

extension FlowPacket {
    fileprivate var text: String { "\(ipProtocol) \(source) -> \(destination.description(port: port)) by \(interface ?? "itself")" }
}
