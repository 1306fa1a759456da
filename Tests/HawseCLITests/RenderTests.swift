import Testing

@Suite struct RenderTests {
    /// kube-proxy writes its base chains at its first sync, with the ranges of ClusterIPs that it knows then.
    @Test(arguments: [("", "1"), (" --history $d", "0")])
    func aHistorySaysWhatTheProxyHadSeen(option: String, drops: String) throws {
        let folder = "pcaps/k8s/session-affinity"
        let result = try HawseProgram.shell("""
            d=$(mktemp -d); cp \(folder)/objects/{nodes,services,endpointslices}.yaml $d
            hawse render -f \(folder)/objects\(option) --config \(folder)/proxy-config.yaml --node node-a --mode nftables \
            | grep -c 'Drop traffic to unallocated ClusterIPs'; rm -r $d
            """)
        #expect(result.output == "\(drops)\n")
        #expect(result.errors == "")
    }
}
