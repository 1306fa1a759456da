/// Which options go with which command (`commands_v_options`).
extension IPVSAdmOption {
    var isCommand: Bool { meaning.isCommand }

    /// As ipvsadm calls the command in its messages.
    var commandName: String { meaning == .clear ? "flush" : meaning == .setTimeouts ? "set" : name }

    /// The options' names in messages, in the order in which they are checked.
    static let optionNames = [
        "numeric", "connection", "service-address", "scheduler", "persistent", "netmask", "real-server",
        "forwarding-method", "weight", "u-threshold", "l-threshold", "mcast-interface", "timeout", "daemon", "stats",
        "rate", "thresholds", "persistent-conn", "nosort", "syncid", "exact", "ops", "pe", "sched-flags", "mcast-group",
        "mcast-port", "mcast-ttl", "sync-maxlen", "tun-info", "tun-type", "tun-port", "tun-nocsum", "tun-csum",
        "tun-remcsum",
    ]
}

extension IPVSAdmOption.Meaning {
    var isCommand: Bool {
        switch self {
        case .addService, .editService, .deleteService, .clear, .list, .addServer, .deleteServer, .editServer, .zero,
            .restore, .save, .setTimeouts, .startDaemon, .stopDaemon:
            true
        default: false
        }
    }

    typealias Legal = (required: Set<String>, optional: Set<String>)

    // Those of which a saved text has many are made once.
    private static let ofService: Legal = (
        ["service-address"], ["scheduler", "persistent", "netmask", "ops", "pe", "sched-flags"]
    )
    private static let ofServer: Legal = (
        ["service-address", "real-server"],
        [
            "forwarding-method", "weight", "u-threshold", "l-threshold", "tun-type", "tun-port", "tun-nocsum", "tun-csum", "tun-remcsum",
        ]
    )

    var legalOptions: Legal {
        switch self {
        case .addService, .editService: return Self.ofService
        case .deleteService: return (["service-address"], [])
        case .addServer, .editServer: return Self.ofServer
        case .deleteServer: return (["service-address", "real-server"], [])
        case .zero: return ([], ["service-address"])
        case .startDaemon:
            return ([], ["mcast-interface", "syncid", "mcast-group", "mcast-port", "mcast-ttl", "sync-maxlen"])
        case .stopDaemon: return ([], ["syncid"])
        case .save: return ([], ["numeric"])
        case .list: return ([], Set(IPVSAdmOption.optionNames))
        default: return ([], [])
        }
    }

    /// As ipvsadm calls it in its messages.
    var optionName: String {
        switch self {
        case .tcp, .udp, .sctp, .mark: "service-address"
        case .masquerade, .direct, .tunnel: "forwarding-method"
        case .scheduler: "scheduler"
        case .engine: "pe"
        case .persistent: "persistent"
        case .netmask: "netmask"
        case .onePacket: "ops"
        case .schedulerFlags: "sched-flags"
        case .server: "real-server"
        case .weight: "weight"
        case .upper: "u-threshold"
        case .lower: "l-threshold"
        case .tunnelType: "tun-type"
        case .tunnelPort: "tun-port"
        case .noChecksum: "tun-nocsum"
        case .checksum: "tun-csum"
        case .remoteChecksum: "tun-remcsum"
        case .multicastInterface: "mcast-interface"
        case .syncID: "syncid"
        case .multicastGroup: "mcast-group"
        case .multicastPort: "mcast-port"
        case .multicastTTL: "mcast-ttl"
        case .maximumLength: "sync-maxlen"
        case .ipv6: "ipv6"
        default: "display"
        }
    }
}
