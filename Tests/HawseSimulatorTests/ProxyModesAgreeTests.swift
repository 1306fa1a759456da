import HawseControl
import HawseModel
import HawseSimulator
import HawseWire
import Testing

/// Services and endpoints drawn at random, against what the documentation of traffic policies promises: all modes send a
/// packet to the same endpoints, refuse the same ones and masquerade alike.
@Suite struct ProxyModesAgreeTests {
    /// One Service with one port and its endpoints, as node-a sees them.
    struct Sample {
        var service = Kubernetes.Service()
        var slice = Kubernetes.EndpointSlice()
        var isIPv6 = false
        var masqueradesAll = false
        var hasDetector = true
    }

    struct Packet {
        enum Front { case cluster, outside }
        var source: String
        var destination: String
        var port: Int
        var front: Front
    }

    static func address(_ isIPv6: Bool, _ v4: String, _ v6: String) -> String { isIPv6 ? v6 : v4 }

    static func sample(_ random: inout RandomStream) -> Sample {
        var sample = Sample()
        func one(_ choices: Int) -> Bool { random.below(UInt32(choices)) == 0 }
        sample.isIPv6 = one(3)
        sample.masqueradesAll = one(6)
        sample.hasDetector = !one(6)
        let v6 = sample.isIPv6
        var port = Kubernetes.ServicePort()
        port.name = one(2) ? "" : "p"
        port.port = 80
        port.protocol = [.tcp, .tcp, .udp, .sctp][Int(random.below(4))]
        let type = random.below(3)
        var spec = Kubernetes.ServiceSpec()
        spec.type = [.clusterIP, .nodePort, .loadBalancer][Int(type)]
        if type > 0 { port.nodePort = 30080 }
        spec.ports = [port]
        spec.clusterIP = address(v6, "10.96.0.10", "fd00:10:96::10")
        spec.clusterIPs = [spec.clusterIP]
        spec.ipFamilies = [v6 ? .ipv6 : .ipv4]
        spec.internalTrafficPolicy = one(4) ? .local : .cluster
        if one(2) { spec.externalIPs = [address(v6, "203.0.113.1", "2001:db8:f::1")] }
        if type > 0 || !spec.externalIPs.isEmpty { spec.externalTrafficPolicy = one(2) ? .local : .cluster }
        if one(4) { spec.sessionAffinity = .clientIP }
        if type == 2 {
            var ingress = Kubernetes.LoadBalancerIngress()
            ingress.ip = address(v6, "203.0.113.2", "2001:db8:f::2")
            ingress.ipMode = one(4) ? "Proxy" : "VIP"
            sample.service.status.loadBalancer.ingress = [ingress]
            if one(2) { spec.loadBalancerSourceRanges = [address(v6, "198.51.100.0/24", "2001:db8:a::/48")] }
        }
        sample.service.metadata.name = "web"
        sample.service.metadata.namespace = "default"
        sample.service.spec = spec
        sample.slice = slice(port, v6, &random)
        return sample
    }

    private static func slice(
        _ port: Kubernetes.ServicePort, _ v6: Bool, _ random: inout RandomStream
    ) -> Kubernetes.EndpointSlice {
        var slice = Kubernetes.EndpointSlice()
        slice.metadata.name = "web-1"
        slice.metadata.namespace = "default"
        slice.metadata.labels = ["kubernetes.io/service-name": "web"]
        slice.addressType = v6 ? "IPv6" : "IPv4"
        var target = Kubernetes.EndpointPort()
        target.name = port.name
        target.protocol = port.protocol
        target.port = 8080
        slice.ports = [target]
        let hints = random.below(4)
        for index in 0..<Int(random.below(6)) {
            var endpoint = Kubernetes.Endpoint()
            endpoint.addresses = [address(v6, "10.244.9.\(index + 1)", "fd00:10:244:9::\(index + 1)")]
            endpoint.nodeName = ["node-a", "node-b", "node-c"][Int(random.below(3))]
            let state = random.below(5)
            endpoint.conditions.ready = state < 3
            endpoint.conditions.serving = state < 4
            endpoint.conditions.terminating = state >= 3 && random.below(3) > 0
            if hints > 1, random.below(8) > 0 {
                var hint = Kubernetes.EndpointHints()
                if hints == 2 { hint.forZones = [.init("zone-\(random.below(2) + 1)")] }
                if hints == 3 { hint.forNodes = [.init(endpoint.nodeName ?? "")] }
                endpoint.hints = hint
            }
            slice.endpoints.append(endpoint)
        }
        return slice
    }

    // MARK: What should become of a packet

    struct Choice {
        var cluster: [String]
        var local: [String]
        var any: Bool
    }

    /// Ready endpoints, or else those that end and still serve; hints where every ready one has them and one means us.
    static func choice(_ sample: Sample) -> Choice {
        let all = sample.slice.endpoints
        func name(_ endpoint: Kubernetes.Endpoint) -> String {
            IPAddress(endpoint.addresses[0])!.description(port: 8080)
        }
        func isReady(_ endpoint: Kubernetes.Endpoint) -> Bool { endpoint.conditions.ready == true }
        func isFallback(_ endpoint: Kubernetes.Endpoint) -> Bool {
            !isReady(endpoint) && endpoint.conditions.serving == true && endpoint.conditions.terminating == true
        }
        func isLocal(_ endpoint: Kubernetes.Endpoint) -> Bool { endpoint.nodeName == "node-a" }
        let ready = all.filter(isReady)
        var cluster = ready
        let nodes = ready.map { $0.hints?.forNodes.map(\.name) ?? [] }
        let zones = ready.map { $0.hints?.forZones.map(\.name) ?? [] }
        if !ready.isEmpty, nodes.allSatisfy({ !$0.isEmpty }), nodes.contains(where: { $0.contains("node-a") }) {
            cluster = ready.filter { $0.hints?.forNodes.contains { $0.name == "node-a" } == true }
        } else if !ready.isEmpty, zones.allSatisfy({ !$0.isEmpty }), zones.contains(where: { $0.contains("zone-1") }) {
            cluster = ready.filter { $0.hints?.forZones.contains { $0.name == "zone-1" } == true }
        }
        if ready.isEmpty { cluster = all.filter(isFallback) }
        var local = ready.filter(isLocal)
        if local.isEmpty { local = all.filter { isFallback($0) && isLocal($0) } }
        let spec = sample.service.spec
        let isOutside = spec.ports[0].nodePort > 0 || !spec.externalIPs.isEmpty || !vips(sample).isEmpty
        // A Service that only its own node's endpoints serve has no use for the others.
        let usesCluster = spec.internalTrafficPolicy != .local || isOutside
        let any = usesCluster && !cluster.isEmpty || all.contains { isReady($0) || isFallback($0) }
        return Choice(cluster: usesCluster ? cluster.map(name) : [], local: local.map(name), any: any)
    }

    static func vips(_ sample: Sample) -> [String] {
        sample.service.status.loadBalancer.ingress.filter { $0.ipMode != "Proxy" }.map(\.ip)
    }

    static func expected(_ packet: Packet, _ sample: Sample, isNFT: Bool) -> FlowOutcome {
        let choice = choice(sample)
        let spec = sample.service.spec
        let isPod = sample.hasDetector && packet.source.hasPrefix(address(sample.isIPv6, "10.244.0.", "fd00:10:244::"))
        let isNode = packet.source == address(sample.isIPv6, "192.168.50.11", "fd00:192::11")
        func sent(_ to: [String], masquerade: Bool) -> FlowOutcome {
            FlowOutcome(verdict: .dnat, to: to.sorted(), masquerade: masquerade)
        }
        if packet.front == .cluster {
            let targets = spec.internalTrafficPolicy == .local ? choice.local : choice.cluster
            if !choice.any { return FlowOutcome(verdict: .reject) }
            if targets.isEmpty { return FlowOutcome(verdict: .drop) }
            return sent(targets, masquerade: sample.masqueradesAll || sample.hasDetector && !isPod)
        }
        let isVIP = vips(sample).contains(packet.destination)
        let isShut = isVIP && !spec.loadBalancerSourceRanges.isEmpty
            && !packet.source.hasPrefix(address(sample.isIPv6, "198.51.100.", "2001:db8:a:"))
        // nftables looks at the source first, iptables at whether there is anybody to go to.
        if isShut, isNFT { return FlowOutcome(verdict: .drop) }
        if !choice.any {
            // iptables mode refuses what comes in or passes through, and not what the node sends elsewhere itself.
            let leaves = isNode && packet.destination != address(sample.isIPv6, "192.168.50.11", "fd00:192::11")
            return FlowOutcome(verdict: leaves && !isNFT ? .untouched : .reject)
        }
        if isShut { return FlowOutcome(verdict: .drop) }
        if spec.externalTrafficPolicy != .local { return sent(choice.cluster, masquerade: true) }
        if isPod { return sent(choice.cluster, masquerade: false) }
        if isNode { return sent(choice.cluster, masquerade: true) }
        return choice.local.isEmpty ? FlowOutcome(verdict: .drop) : sent(choice.local, masquerade: false)
    }

    static func packets(_ sample: Sample) -> [Packet] {
        let v6 = sample.isIPv6
        let sources = [
            address(v6, "10.244.0.77", "fd00:10:244::77"), address(v6, "198.51.100.7", "2001:db8:a::7"),
            address(v6, "192.0.2.7", "2001:db8:b::7"), address(v6, "192.168.50.11", "fd00:192::11"),
        ]
        let node = address(v6, "192.168.50.11", "fd00:192::11")
        return sources.flatMap { source -> [Packet] in
            var list = [Packet(source: source, destination: sample.service.spec.clusterIP, port: 80, front: .cluster)]
            list += (sample.service.spec.externalIPs + vips(sample)).map {
                Packet(source: source, destination: $0, port: 80, front: .outside)
            }
            if sample.service.spec.ports[0].nodePort > 0 {
                list.append(Packet(source: source, destination: node, port: 30080, front: .outside))
            }
            return list
        }
    }

    private static func table(_ sample: Sample, _ packets: [Packet], _ mode: String) -> String {
        let v6 = sample.isIPv6
        let detector = sample.hasDetector ? "\"detectLocal\":\"\(address(v6, "10.244.0.0/24", "fd00:10:244::/64"))\"," : ""
        let word = sample.service.spec.ports[0].protocol.rawValue
        let list = packets.map {
            "{\"source\":\"\($0.source)\",\"destination\":\"\($0.destination)\",\"protocol\":\"\(word)\",\"port\":\($0.port)}"
        }
        let node = address(v6, "192.168.50.11", "fd00:192::11")
        return """
            {"cases":[{"id":"a","mode":"\(mode)","config":{\(detector)"ipFamily":"\(v6 ? "IPv6" : "IPv4")",
            "node":"node-a","zone":"zone-1","nodeIP":"\(node)","localAddresses":["\(node)"],
            "masqueradeAll":\(sample.masqueradesAll)},
            "services":[\(JSONWriter.compact(sample.service.written()))],
            "endpointSlices":[\(JSONWriter.compact(sample.slice.written()))],"packets":[\(list.joined(separator: ","))]}]}
            """
    }

    @Test(arguments: ["iptables", "nftables"])
    func rulesDoWhatPoliciesPromise(mode: String) throws {
        var random = RandomStream(seed: 11, purpose: "proxy modes")
        var verdicts: Set<FlowOutcome.Verdict> = []
        for number in 0..<400 {
            let sample = Self.sample(&random)
            let packets = Self.packets(sample)
            let rows = try PacketFlows.rows(of: PacketFlowTable(text: Self.table(sample, packets, mode), file: "drawn"))
            for (packet, row) in zip(packets, rows) {
                let expected = Self.expected(packet, sample, isNFT: mode == "nftables")
                verdicts.insert(expected.verdict)
                #expect(row.outcome == expected, "\(number): \(packet) of \(Self.table(sample, [packet], mode))")
            }
        }
        #expect(verdicts.isSuperset(of: [.dnat, .drop, .reject]))
    }

    /// IPVS has one set of real servers for everybody: the one for clients from elsewhere, or where that is empty
    /// under a Local policy the whole cluster's.
    @Test func virtualServersHaveTheSameEndpoints() {
        var random = RandomStream(seed: 12, purpose: "proxy modes")
        for number in 0..<400 {
            let sample = Self.sample(&random)
            var node = ProxyNode(name: "node-a", labels: ["topology.kubernetes.io/zone": "zone-1"])
            node.primaryIPv4 = IPAddress("192.168.50.11")
            node.primaryIPv6 = IPAddress("fd00:192::11")
            node.localAddresses = [node.primaryIPv4, node.primaryIPv6].compactMap { $0 }
            let objects = ProxyRenderer.Objects(services: [sample.service], slices: [sample.slice])
            let state = ProxyRenderer.render(objects, node: node, mode: .ipvs)
            let choice = Self.choice(sample)
            func servers(_ address: String, _ port: UInt16) -> [String]? {
                let key = VirtualService.Key.address(
                    ipProtocol: IPProtocol(rawValue: ["TCP": 6, "UDP": 17, "SCTP": 132][sample.service.spec.ports[0].protocol.rawValue] ?? 0),
                    address: IPAddress(address)!, port: port)
                return state.ipvs?.services.first { $0.key == key }?.destinations
                    .map { $0.address.description(port: $0.port) }.sorted()
            }
            func wanted(isLocal: Bool) -> [String] {
                (isLocal && !choice.local.isEmpty ? choice.local : choice.cluster).sorted()
            }
            let spec = sample.service.spec
            #expect(servers(spec.clusterIP, 80) == wanted(isLocal: spec.internalTrafficPolicy == .local), "\(number)")
            let isLocal = spec.externalTrafficPolicy == .local
            for address in spec.externalIPs + Self.vips(sample) {
                #expect(servers(address, 80) == wanted(isLocal: isLocal), "\(number) \(address)")
            }
            if spec.ports[0].nodePort > 0 {
                let address = Self.address(sample.isIPv6, "192.168.50.11", "fd00:192::11")
                #expect(servers(address, 30080) == wanted(isLocal: isLocal), "\(number)")
            }
        }
    }
}
