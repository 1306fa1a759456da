import Testing

@testable import HawseWire

/// The servers that a Linux 6.12 kernel's Maglev and source-hashing schedulers chose for these clients: they
/// follow from `hsiphash` and `hash_32` alone, so a wrong bit in either moves most clients.
@Suite struct RecordedHashTests {
    struct Server {
        let address: IPAddress
        let weight: Int
    }

    /// Servers in list order, that is last added first; `prefix` and a digit make an address.
    static func servers(_ prefix: String, _ list: [(digit: Int, weight: Int)]) throws -> [Server] {
        try list.reversed().map { entry in
            Server(address: try #require(IPAddress(prefix + "\(entry.digit)")), weight: entry.weight)
        }
    }

    /// IPv6 addresses are the exclusive or of their words.
    static func folded(_ address: IPAddress) -> UInt32 {
        let w = address.bits.words
        return address.family == .ipv4 ? address.bits.ipv4 : w.0 ^ w.1 ^ w.2 ^ w.3
    }

    static let first = SipHash(key0: 2_654_435_761, key1: 2_654_435_761)
    static let second = SipHash(key0: 2_654_446_892, key1: 2_654_446_892)

    /// `ip_vs_mh_populate`, for weights whose share of the greatest fits the table's six bits.
    static func maglevTable(_ servers: [Server]) -> [Int] {
        let size = 4093
        var places = servers.map { Int(first.hash32(80 &+ folded($0.address)) % UInt32(size)) }
        let skips = servers.map { Int(second.hash32(80 &+ folded($0.address)) % UInt32(size - 1)) + 1 }
        var table = [Int](repeating: -1, count: size)
        var filled = 0
        while true {
            for i in servers.indices {
                for _ in 0..<servers[i].weight {
                    while table[places[i]] >= 0 { places[i] = (places[i] + skips[i]) % size }
                    table[places[i]] = i
                    filled += 1
                    if filled == size { return table }
                }
            }
        }
    }

    /// `ip_vs_sh_reassign`
    static func sourceHashTable(_ servers: [Server]) -> [Int] {
        let round = servers.indices.flatMap { [Int](repeating: $0, count: max(servers[$0].weight, 1)) }
        return (0..<256).map { round[$0 % round.count] }
    }

    /// Checks every recorded choice; the number of clients checked.
    func check(_ record: String, servers: [Server], usingPorts: Bool, slot: (UInt32) -> Int) throws -> Int {
        var checked = 0
        for line in record.split(whereSeparator: { $0 == "," || $0.isNewline }) {
            let parts = line.split(separator: " ")
            try #require(parts.count == 3)
            let client = try #require(IPAddress(parts[0]))
            let port = try #require(UInt32(parts[1]))
            let server = servers[slot((usingPorts ? port : 0) &+ Self.folded(client))]
            #expect(server.address.bits.low & 15 == UInt64(parts[2], radix: 16), "\(line)")
            checked += 1
        }
        return checked
    }

    @Test func maglev() throws {
        let plain = try Self.servers("10.1.0.1", [(3, 10), (1, 10), (2, 1), (4, 1), (0, 50)])
        let table = Self.maglevTable(plain)
        let count = try check(Self.maglevClients, servers: plain, usingPorts: false) {
            table[Int(Self.first.hash32($0) % 4093)]
        }
        #expect(count == 100)

        let udp = try Self.servers("10.1.0.1", [(2, 1), (0, 2), (5, 50), (4, 10), (6, 2), (1, 50), (3, 3)])
        let ports = Self.maglevTable(udp)
        #expect(
            try check(Self.maglevPorts, servers: udp, usingPorts: true) {
                ports[Int(Self.first.hash32($0) % 4093)]
            } == 60)

        let v6 = try Self.servers("2001:db8:2::1", [(0, 1), (3, 1), (4, 1), (1, 1), (5, 1), (2, 1)])
        let table6 = Self.maglevTable(v6)
        #expect(
            try check(Self.maglevIPv6, servers: v6, usingPorts: false) {
                table6[Int(Self.first.hash32($0) % 4093)]
            } == 40)
    }

    @Test func sourceHashing() throws {
        let plain = try Self.servers("10.1.0.1", [(2, 50), (1, 50), (3, 1), (4, 1), (0, 50)])
        let table = Self.sourceHashTable(plain)
        #expect(
            try check(Self.sourceHash, servers: plain, usingPorts: false) {
                table[Int(GoldenHash.hash32($0, bits: 8))]
            } == 80)
        let v6 = try Self.servers("2001:db8:2::1", [(3, 50), (2, 1), (0, 2), (1, 2)])
        let table6 = Self.sourceHashTable(v6)
        #expect(
            try check(Self.sourceHashPorts6, servers: v6, usingPorts: true) {
                table6[Int(GoldenHash.hash32($0, bits: 8))]
            } == 40)
    }
}

extension RecordedHashTests {
    /// Maglev without ports: client, source port, low four bits of the server chosen.
    static let maglevClients = """
        9.211.177.193 2547 b, 198.51.100.249 50262 a, 172.23.37.223 23591 a, 100.230.209.23 38002 a
        9.204.206.21 3099 a, 100.64.188.30 48514 a, 198.51.100.79 29716 a, 223.156.78.104 21035 c
        198.51.100.185 46828 a, 198.18.84.156 53317 a, 223.84.86.86 53040 b, 9.197.33.203 63302 d
        223.132.48.144 40546 a, 223.7.161.48 47688 b, 172.25.66.205 62120 a, 100.103.34.238 45233 d
        223.147.96.64 63347 a, 223.77.112.139 55095 a, 198.51.100.126 55809 e, 198.51.100.58 34245 a
        9.48.1.92 39887 a, 172.23.18.101 22586 a, 223.146.58.231 47557 a, 198.51.100.247 51496 a
        100.15.86.213 24244 a, 198.18.138.41 11653 a, 172.20.195.166 5463 a, 198.51.100.109 32685 b
        223.8.31.125 39703 a, 9.85.153.247 60407 a, 198.18.159.37 55773 d, 100.26.235.66 7910 a
        172.31.213.30 46341 a, 223.142.158.97 29976 a, 198.18.153.130 6497 b, 172.24.118.164 45787 a
        198.18.241.151 33668 a, 223.188.222.86 5002 b, 100.17.209.213 37899 c, 198.18.78.205 38698 a
        172.28.134.174 55111 a, 223.17.198.99 38405 a, 198.51.100.12 48225 a, 172.30.20.87 25817 a
        198.18.118.235 55802 a, 100.151.202.250 57951 a, 172.18.254.228 14310 a, 172.29.153.109 15233 b
        198.51.100.106 41047 a, 198.18.63.50 28783 a, 9.46.61.102 8480 a, 198.18.71.142 64864 a
        198.18.191.239 43286 a, 9.126.84.114 35529 a, 223.189.90.185 35017 a, 100.89.135.102 30576 d
        9.181.113.177 2327 b, 223.251.94.46 45499 a, 100.113.21.139 55534 a, 172.30.107.131 64231 b
        9.32.17.117 12229 b, 100.125.215.48 62724 a, 223.155.242.34 23527 a, 223.170.251.8 51880 d
        9.82.104.172 43534 a, 198.18.196.138 55596 a, 198.18.11.61 45448 a, 172.25.150.103 3564 a
        100.234.215.33 14014 b, 9.250.51.162 51731 a, 198.18.49.234 35076 a, 198.51.100.120 61454 a
        198.51.100.143 54525 a, 9.166.163.106 8530 a, 172.26.57.26 39791 a, 9.158.152.171 59760 a
        172.21.122.114 20665 a, 223.171.13.31 39667 a, 9.9.137.5 16682 a, 172.20.166.204 16751 a
        9.230.98.200 4670 a, 223.172.144.104 5521 a, 9.182.127.31 25063 a, 198.18.62.100 57451 a
        172.21.55.104 30546 a, 172.18.34.82 15444 a, 198.51.100.199 14236 b, 198.18.35.48 35643 b
        100.227.101.234 43182 a, 100.103.162.201 21840 d, 100.3.145.205 35709 b, 198.51.100.21 25403 a
        198.18.62.176 25143 d, 100.216.41.39 40391 d, 198.51.100.217 37692 a, 198.18.101.78 19936 a
        223.69.244.57 32758 b, 9.125.178.194 5558 e, 9.82.121.87 22597 a, 9.41.243.202 4855 a
        """

    /// Maglev with source ports (UDP).
    static let maglevPorts = """
        172.16.17.18 21298 f, 172.16.17.18 10694 b, 172.21.192.253 1330 b, 172.18.146.152 63963 d
        172.16.17.18 38914 b, 100.212.116.120 9245 b, 9.90.203.27 45867 b, 172.21.192.253 1086 b
        100.40.240.118 21430 b, 9.90.203.27 58528 f, 223.60.249.3 60542 b, 9.27.178.30 17578 f
        9.27.178.30 29384 b, 172.18.146.152 45189 b, 9.208.160.60 36482 f, 223.60.249.3 50833 b
        9.90.203.27 2947 f, 9.90.203.27 42430 e, 172.21.192.253 21514 f, 172.21.147.161 10343 b
        223.60.249.3 61727 b, 9.208.160.60 50025 f, 9.27.178.30 50085 b, 223.60.249.3 6717 f
        198.51.100.69 59315 f, 9.239.183.62 48802 f, 172.21.147.161 49417 b, 172.21.147.161 4694 f
        172.18.146.152 46629 f, 223.60.249.3 17060 b, 172.21.147.161 9254 b, 172.21.147.161 50280 f
        172.21.192.253 28390 b, 9.239.183.62 62486 b, 100.212.116.120 41181 b, 172.16.17.18 37433 b
        172.18.146.152 63697 f, 172.16.17.18 17208 b, 9.208.160.60 33992 f, 172.16.17.18 52919 b
        9.208.160.60 53915 b, 172.21.192.253 11402 b, 172.21.147.161 31194 e, 9.239.183.62 49612 f
        172.18.146.152 26557 b, 100.212.116.120 39966 d, 223.60.249.3 28118 b, 100.212.116.120 23396 b
        9.27.178.30 17892 f, 198.51.100.69 21634 f, 100.40.240.118 3467 b, 172.18.146.152 33423 b
        172.18.146.152 29221 f, 172.21.192.253 32836 0, 172.16.17.18 6824 f, 9.208.160.60 47952 b
        9.90.203.27 18832 f, 223.60.249.3 31876 f, 172.21.192.253 5558 f, 9.239.183.62 4441 f
        """

    /// Maglev, IPv6.
    static let maglevIPv6 = """
        fd12:3456:789a:70f:a8b6:e808:458b:4f9f 39011 1, 2001:db8:1:2:d2f3:d85e:8654:1ccf 36288 2
        2a00:1450:4001:dd8d:401a:6914:7d0a:fe87 7488 1, 2a00:1450:4001:f0a1:cadd:676c:375c:a8d5 33710 4
        2a00:1450:4001:7743:ef8c:1b1:5191:4fc9 64076 5, 2a00:1450:4001:7284:2b1c:da91:141a:d34a 52982 1
        2a00:1450:4001:1ddb:787f:2b37:34f1:7c18 4382 2, 2001:db8:cafe:82ad:d6dd:ac84:a1df:a21e 40862 5
        2001:db8:1:2:c52c:2094:399e:c5a3 53695 1, 2001:db8:1:2:6ef2:8757:edca:16f7 17645 2
        2001:db8:1:2:330a:6e69:d8b2:1660 54525 3, fd12:3456:789a:a524:b9f2:fb30:df4b:2da 38960 4
        2001:db8:1:2:e359:53f9:d669:af6c 59314 0, 2001:db8:cafe:d242:bf4:31c1:3243:b0c8 57476 3
        2001:db8:cafe:c59e:adb2:f4ca:518c:c7a5 14482 2, fd12:3456:789a:fc15:4331:fdd8:10cd:260d 12254 2
        fd12:3456:789a:af5:5611:7c2c:298d:1dc7 10570 3, 2a00:1450:4001:a0c4:df94:1705:b3b4:95ef 2652 2
        2a00:1450:4001:10e3:847f:ee65:4535:c3d2 7655 5, 2001:db8:1:2:1079:9b7b:7726:1987 19235 0
        2001:db8:1:2:cabb:b5a9:3e85:82d0 30257 0, 2001:db8:1:2:6f9b:cf40:d5ac:e0b0 15916 1
        fd12:3456:789a:ea3f:2449:da86:a2e4:3d34 14606 1, fd12:3456:789a:c526:7333:42c6:3884:2d25 20578 2
        2001:db8:1:2:cd8:67cc:bcaf:2ff9 44879 5, 2a00:1450:4001:8440:d974:d2e1:c902:5877 20018 4
        2001:db8:cafe:d04:87af:a169:8654:6d6 39444 2, fd12:3456:789a:a460:7d90:47c0:759:6de 51622 2
        2001:db8:cafe:81b5:3587:976e:d671:8fdd 19795 0, 2001:db8:1:2:7d3:8e9a:8e00:9c44 5675 3
        2001:db8:cafe:e73d:25ba:ba50:c69:f9af 38822 4, 2001:db8:1:2:cfc0:4483:5527:780d 19436 0
        2001:db8:1:2:3ca6:3dbd:98c4:71f1 45563 2, 2001:db8:1:2:dfa3:9327:d72a:fa6 62048 2
        2001:db8:cafe:cd9e:7ef7:566b:b189:7057 31400 0, 2a00:1450:4001:bfeb:fb4:7461:691e:a25f 64100 0
        2001:db8:cafe:1e05:8218:89f3:cae2:bbb9 30354 0, fd12:3456:789a:460d:d513:3195:5d86:6377 39189 1
        2001:db8:cafe:3665:5f43:747d:ec3f:85e9 53335 1, 2a00:1450:4001:a485:f5c4:1616:176b:547b 17435 5
        """

    /// Source hashing with ports, IPv6.
    static let sourceHashPorts6 = """
        2001:db8:1:2:96c7:d8f3:394:c87c 37744 3, 2001:db8:1:2:b809:9cf7:6851:5300 52942 3
        2001:db8:cafe:deb9:3f22:d54e:d7b3:5921 13255 3, fd12:3456:789a:1a5b:4c6:d3d2:1271:8c75 37424 3
        2001:db8:cafe:deb9:3f22:d54e:d7b3:5921 61747 3, 2001:db8:1:2:b809:9cf7:6851:5300 61335 3
        2a00:1450:4001:af0:eabb:8025:a51c:83ed 19765 3, fd12:3456:789a:4f9e:8899:9552:43ad:dfcb 41707 1
        2001:db8:cafe:deb9:3f22:d54e:d7b3:5921 59319 3, 2001:db8:cafe:be9:453f:1df3:2f0c:ca36 32750 3
        2001:db8:1:2:96c7:d8f3:394:c87c 46379 3, 2a00:1450:4001:fa35:8d8f:150b:e4a0:5f4c 25608 3
        2001:db8:1:2:96c7:d8f3:394:c87c 10261 3, 2a00:1450:4001:634b:3d6f:f6ae:3267:f425 42068 3
        fd12:3456:789a:1a5b:4c6:d3d2:1271:8c75 3772 3, 2001:db8:1:2:ea6f:4731:1c01:b8e5 50662 3
        2001:db8:cafe:deb9:3f22:d54e:d7b3:5921 42504 3, fd12:3456:789a:1a5b:4c6:d3d2:1271:8c75 6973 3
        fd12:3456:789a:b95c:f917:e988:8d8c:8cc6 31848 3, 2a00:1450:4001:634b:3d6f:f6ae:3267:f425 9916 3
        2001:db8:cafe:deb9:3f22:d54e:d7b3:5921 4190 3, 2001:db8:cafe:deb9:3f22:d54e:d7b3:5921 54141 3
        fd12:3456:789a:1a5b:4c6:d3d2:1271:8c75 45232 3, 2001:db8:1:2:96c7:d8f3:394:c87c 4100 3
        fd12:3456:789a:4f9e:8899:9552:43ad:dfcb 11297 3, 2001:db8:1:2:96c7:d8f3:394:c87c 63760 3
        2001:db8:1:2:96c7:d8f3:394:c87c 36856 1, 2001:db8:cafe:be9:453f:1df3:2f0c:ca36 33958 3
        fd12:3456:789a:4f9e:8899:9552:43ad:dfcb 21522 3, 2a00:1450:4001:1e10:9f94:e7e8:ce64:3894 62090 3
        fd12:3456:789a:b95c:f917:e988:8d8c:8cc6 51801 3, 2001:db8:1:2:ea6f:4731:1c01:b8e5 20335 3
        2001:db8:cafe:deb9:3f22:d54e:d7b3:5921 28005 3, fd12:3456:789a:4f9e:8899:9552:43ad:dfcb 35297 3
        2001:db8:1:2:96c7:d8f3:394:c87c 59106 3, 2a00:1450:4001:634b:3d6f:f6ae:3267:f425 35533 3
        2a00:1450:4001:1e10:9f94:e7e8:ce64:3894 9270 3, 2a00:1450:4001:fa35:8d8f:150b:e4a0:5f4c 25958 3
        2a00:1450:4001:fa35:8d8f:150b:e4a0:5f4c 48175 3, 2a00:1450:4001:fa35:8d8f:150b:e4a0:5f4c 42325 3
        """

    /// Source hashing.
    static let sourceHash = """
        9.51.126.55 35982 b, 100.200.163.202 50537 c, 172.21.183.143 22139 a, 223.127.60.230 26639 b
        172.25.60.18 29226 a, 9.37.230.192 37849 c, 172.29.140.252 35758 b, 100.141.245.74 3816 b
        172.22.43.232 38172 c, 100.186.108.93 11774 c, 198.18.202.210 7872 d, 223.74.127.71 1563 b
        223.189.164.126 1826 c, 172.18.26.110 1616 c, 198.18.217.147 58336 c, 172.17.73.170 20205 a
        9.253.64.134 20719 c, 198.51.100.59 45805 c, 198.51.100.123 23925 b, 198.51.100.119 57617 c
        9.84.23.248 37573 b, 9.121.125.121 27708 a, 9.127.234.80 3277 b, 9.128.80.186 24417 b
        172.22.130.192 15432 c, 172.19.199.223 64132 a, 172.19.114.12 42258 c, 198.18.190.217 17252 a
        223.59.192.85 9207 a, 172.22.115.129 45518 a, 198.51.100.247 22717 b, 100.118.195.133 53091 a
        198.18.223.170 27454 b, 198.18.41.68 29615 c, 172.26.142.34 1241 c, 100.198.183.70 1153 a
        223.244.18.77 59928 b, 223.169.171.6 31551 a, 100.237.171.76 62631 a, 198.18.247.160 24753 b
        223.8.23.195 2879 c, 9.191.98.40 34785 a, 223.200.198.119 57449 b, 198.18.96.213 10249 b
        9.180.169.10 41199 a, 198.18.245.149 22500 a, 198.51.100.47 28497 b, 100.217.81.219 51039 a
        100.44.50.90 26107 b, 9.18.139.36 36326 c, 198.51.100.9 23819 c, 172.22.173.204 8389 a
        172.24.116.54 11875 a, 198.51.100.230 4845 b, 172.25.37.221 64755 b, 100.198.9.162 4832 c
        172.29.112.73 16987 c, 198.51.100.1 56297 b, 198.18.67.184 42108 a, 223.238.202.51 26342 b
        223.212.105.30 59584 a, 223.250.202.168 56441 b, 172.19.205.47 22262 e, 100.208.227.119 58527 a
        198.18.43.133 34327 b, 172.23.213.92 16917 a, 223.170.46.195 34897 c, 198.51.100.26 17667 b
        172.26.243.117 36147 b, 100.74.77.64 55081 b, 100.96.126.168 37932 b, 9.98.114.210 12390 c
        198.18.154.129 8150 b, 172.19.21.149 51237 a, 9.151.46.21 57562 a, 198.51.100.101 49347 c
        100.215.230.1 57699 a, 100.107.160.45 17254 b, 100.11.74.85 3409 b, 9.152.6.15 5976 a
        """

}
