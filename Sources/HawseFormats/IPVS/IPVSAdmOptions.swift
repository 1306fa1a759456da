/// An option of ipvsadm 1.31.
struct IPVSAdmOption: Sendable {
    enum Meaning: Sendable {
        case addService, editService, deleteService, clear, list, addServer, deleteServer, editServer, zero
        case restore, save, setTimeouts, startDaemon, stopDaemon
        case tcp, udp, sctp, mark, ipv6, scheduler, engine, persistent, netmask, onePacket, schedulerFlags
        case server, masquerade, direct, tunnel, weight, upper, lower
        case tunnelType, tunnelPort, noChecksum, checksum, remoteChecksum
        case multicastInterface, syncID, multicastGroup, multicastPort, multicastTTL, maximumLength
        /// Says how a listing looks.
        case display
    }

    var name: String
    var letter: Character?
    var takesArgument: Bool
    var meaning: Meaning

    init(_ name: String, _ letter: Character?, _ takesArgument: Bool, _ meaning: Meaning) {
        self.name = name
        self.letter = letter
        self.takesArgument = takesArgument
        self.meaning = meaning
    }

    /// By the ASCII value of their letters.
    private static let byLetter: [IPVSAdmOption?] = (0..<128 as Range<UInt8>).map { value in
        all.first { $0.letter?.asciiValue == value }
    }

    /// The option of one letter.
    static func named(_ letter: Character) -> IPVSAdmOption? {
        letter.asciiValue.flatMap { $0 < 128 ? byLetter[Int($0)] : nil }
    }

    static let all: [IPVSAdmOption] = [
        .init("add-service", "A", false, .addService), .init("edit-service", "E", false, .editService),
        .init("delete-service", "D", false, .deleteService), .init("clear", "C", false, .clear),
        .init("list", "L", false, .list), .init("list", "l", false, .list), .init("zero", "Z", false, .zero),
        .init("add-server", "a", false, .addServer), .init("edit-server", "e", false, .editServer),
        .init("delete-server", "d", false, .deleteServer), .init("restore", "R", false, .restore),
        .init("save", "S", false, .save), .init("set", nil, false, .setTimeouts),
        .init("start-daemon", nil, true, .startDaemon), .init("stop-daemon", nil, true, .stopDaemon),
        .init("tcp-service", "t", true, .tcp), .init("udp-service", "u", true, .udp),
        .init("sctp-service", nil, true, .sctp), .init("fwmark-service", "f", true, .mark),
        .init("ipv6", "6", false, .ipv6), .init("scheduler", "s", true, .scheduler),
        .init("pe", nil, true, .engine),
        .init("persistent", "p", false, .persistent), .init("netmask", "M", true, .netmask),
        .init("ops", "o", false, .onePacket), .init("sched-flags", "b", true, .schedulerFlags),
        .init("real-server", "r", true, .server), .init("masquerading", "m", false, .masquerade),
        .init("gatewaying", "g", false, .direct), .init("ipip", "i", false, .tunnel),
        .init("weight", "w", true, .weight), .init("u-threshold", "x", true, .upper),
        .init("l-threshold", "y", true, .lower), .init("tun-type", nil, true, .tunnelType),
        .init("tun-port", nil, true, .tunnelPort), .init("tun-nocsum", nil, false, .noChecksum),
        .init("tun-csum", nil, false, .checksum), .init("tun-remcsum", nil, false, .remoteChecksum),
        .init("mcast-interface", nil, true, .multicastInterface), .init("syncid", nil, true, .syncID),
        .init("mcast-group", nil, true, .multicastGroup), .init("mcast-port", nil, true, .multicastPort),
        .init("mcast-ttl", nil, true, .multicastTTL), .init("sync-maxlen", nil, true, .maximumLength),
        .init("numeric", "n", false, .display), .init("exact", "X", false, .display),
        .init("stats", nil, false, .display), .init("rate", nil, false, .display),
        .init("thresholds", nil, false, .display), .init("persistent-conn", nil, false, .display),
        .init("connection", "c", false, .display), .init("timeout", nil, false, .display),
        .init("daemon", nil, false, .display), .init("nosort", nil, false, .display),
        .init("sort", nil, false, .display), .init("tun-info", nil, false, .display),
    ]
}
