import HawseModel
import HawseWire

/// `kubeproxy.config.k8s.io/v1alpha1` KubeProxyConfiguration. Fields that change no rule are read and kept.
public struct ProxyConfiguration: FieldMap {
    public static var goType: String { "KubeProxyConfiguration" }

    public var apiVersion = "kubeproxy.config.k8s.io/v1alpha1"
    public var kind = "KubeProxyConfiguration"
    public var featureGates: [String: Bool] = [:]
    public var clientConnection: ManifestNode?
    public var logging: ManifestNode?
    public var hostnameOverride = ""
    public var bindAddress = ""
    public var healthzBindAddress = ""
    public var metricsBindAddress = ""
    public var bindAddressHardFail = false
    public var enableProfiling = false
    public var showHiddenMetricsForVersion = ""
    /// Empty counts as `iptables`.
    public var mode = ""
    public var iptables = IPTables()
    public var ipvs = IPVS()
    public var nftables = NFTables()
    public var winkernel: ManifestNode?
    /// Empty counts as `ClusterCIDR`.
    public var detectLocalMode = ""
    public var detectLocal = DetectLocal()
    /// One range of each family, joined by a comma.
    public var clusterCIDR = ""
    public var nodePortAddresses: [String] = []
    public var oomScoreAdj: Int?
    public var conntrack = Conntrack()
    public var configSyncPeriod: ManifestNode?
    public var portRange = ""
    public var windowsRunAsService = false

    public init() {}

    public mutating func fields<M: FieldMapper>(_ map: inout M) {
        map("apiVersion", &apiVersion)
        map("bindAddress", &bindAddress)
        map("bindAddressHardFail", &bindAddressHardFail)
        map("clientConnection", &clientConnection)
        map("clusterCIDR", &clusterCIDR)
        map("configSyncPeriod", &configSyncPeriod)
        map("conntrack", &conntrack)
        map("detectLocal", &detectLocal)
        map("detectLocalMode", &detectLocalMode)
        map("enableProfiling", &enableProfiling)
        map("featureGates", &featureGates)
        map("healthzBindAddress", &healthzBindAddress)
        map("hostnameOverride", &hostnameOverride)
        map("iptables", &iptables)
        map("ipvs", &ipvs)
        map("kind", &kind)
        map("logging", &logging)
        map("metricsBindAddress", &metricsBindAddress)
        map("mode", &mode)
        map("nftables", &nftables)
        map("nodePortAddresses", &nodePortAddresses)
        map("oomScoreAdj", &oomScoreAdj)
        map("portRange", &portRange)
        map("showHiddenMetricsForVersion", &showHiddenMetricsForVersion)
        map("windowsRunAsService", &windowsRunAsService)
        map("winkernel", &winkernel)
    }

    public struct IPTables: FieldMap {
        public static var goType: String { "KubeProxyIPTablesConfiguration" }
        /// 0…31; 14 when not given.
        public var masqueradeBit: Int?
        public var masqueradeAll = false
        /// True when not given.
        public var localhostNodePorts: Bool?
        public var syncPeriod: ManifestNode?
        public var minSyncPeriod: ManifestNode?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("localhostNodePorts", &localhostNodePorts)
            map("masqueradeAll", &masqueradeAll)
            map("masqueradeBit", &masqueradeBit)
            map("minSyncPeriod", &minSyncPeriod)
            map("syncPeriod", &syncPeriod)
        }
    }

    public struct IPVS: FieldMap {
        public static var goType: String { "KubeProxyIPVSConfiguration" }
        /// `rr` when not given.
        public var scheduler = ""
        /// Virtual servers in these ranges are left alone.
        public var excludeCIDRs: [String] = []
        public var strictARP = false
        /// Durations such as `15m0s`; `0s` leaves the kernel's.
        public var tcpTimeout = ""
        public var tcpFinTimeout = ""
        public var udpTimeout = ""
        public var syncPeriod: ManifestNode?
        public var minSyncPeriod: ManifestNode?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("excludeCIDRs", &excludeCIDRs)
            map("minSyncPeriod", &minSyncPeriod)
            map("scheduler", &scheduler)
            map("strictARP", &strictARP)
            map("syncPeriod", &syncPeriod)
            map("tcpFinTimeout", &tcpFinTimeout)
            map("tcpTimeout", &tcpTimeout)
            map("udpTimeout", &udpTimeout)
        }
    }

    public struct NFTables: FieldMap {
        public static var goType: String { "KubeProxyNFTablesConfiguration" }
        public var masqueradeBit: Int?
        public var masqueradeAll = false
        public var syncPeriod: ManifestNode?
        public var minSyncPeriod: ManifestNode?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("masqueradeAll", &masqueradeAll)
            map("masqueradeBit", &masqueradeBit)
            map("minSyncPeriod", &minSyncPeriod)
            map("syncPeriod", &syncPeriod)
        }
    }

    public struct DetectLocal: FieldMap {
        public static var goType: String { "DetectLocalConfiguration" }
        public var bridgeInterface = ""
        public var interfaceNamePrefix = ""

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("bridgeInterface", &bridgeInterface)
            map("interfaceNamePrefix", &interfaceNamePrefix)
        }
    }

    public struct Conntrack: FieldMap {
        public static var goType: String { "KubeProxyConntrackConfiguration" }
        public var maxPerCore: Int?
        public var min: Int?
        public var tcpEstablishedTimeout: ManifestNode?
        public var tcpCloseWaitTimeout: ManifestNode?
        /// Sets `nf_conntrack_tcp_be_liberal`, and with it the INVALID drop goes.
        public var tcpBeLiberal = false
        public var udpTimeout: ManifestNode?
        public var udpStreamTimeout: ManifestNode?

        /// Connections that the kernel shall have room for on a machine of that many processors, `nil`: as many as it says
        /// itself (`getConntrackMax`).
        func maximum(cores: Int) -> Int? {
            let share = maxPerCore ?? 32_768
            guard share > 0 else { return nil }
            let (scaled, overflows) = share.multipliedReportingOverflow(by: Swift.max(cores, 1))
            return Swift.max(overflows ? Int.max : scaled, min ?? 131_072)
        }

        /// Seconds by the kernel's setting; 0 leaves the kernel's own (`setupConntrack`).
        var timeouts: [(name: String, seconds: UInt32)] {
            func seconds(_ node: ManifestNode?, default value: UInt32) -> UInt32 {
                guard let node, !node.isNull else { return value }
                return node.text.flatMap { GoDuration.seconds($0) } ?? 0
            }
            return [
                ("tcp_timeout_established", seconds(tcpEstablishedTimeout, default: 86_400)),
                ("tcp_timeout_close_wait", seconds(tcpCloseWaitTimeout, default: 3600)),
                ("udp_timeout", seconds(udpTimeout, default: 0)),
                ("udp_timeout_stream", seconds(udpStreamTimeout, default: 0)),
            ]
        }

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("maxPerCore", &maxPerCore)
            map("min", &min)
            map("tcpBeLiberal", &tcpBeLiberal)
            map("tcpCloseWaitTimeout", &tcpCloseWaitTimeout)
            map("tcpEstablishedTimeout", &tcpEstablishedTimeout)
            map("udpStreamTimeout", &udpStreamTimeout)
            map("udpTimeout", &udpTimeout)
        }
    }
}
