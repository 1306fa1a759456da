import HawseModel
import HawseWire

/// A connection of the virtual server (`struct ip_vs_conn`): two cache lines. A lookup reads the first; a packet of a
/// known flow needs the second alone.
struct VirtualConnection {
    var client: AddressBits = .zero
    var virtual: AddressBits = .zero
    var destination: AddressBits = .zero
    /// Next record of the bucket; 0: last.
    var next: UInt32 = 0
    /// Number in `VirtualConnectionTable.engineData`; 0: no persistence engine made it (`pe_data`).
    var engine: UInt32 = 0
    /// `sync_endtime`: the jiffy (low word) at which the connection that was last synchronised would end; the two lowest
    /// bits count retries.
    var syncEnd: UInt32 = 0
    var mark: UInt32 = 0

    // Second line.
    /// Jiffy for which the timer is set (`timer.expires`).
    private(set) var expires: Int64 = 0
    /// Jiffies that the next `restart` gives it.
    private(set) var timeout: Int64 = 0
    var clientPort: UInt16 = 0
    var virtualPort: UInt16 = 0
    var destinationPort: UInt16 = 0
    /// `IPPROTO_IP` for the template of a firewall-mark service.
    var ipProtocol: IPProtocol = .unspecified
    /// `version` in the low nibble, `destinationVersion` in the high one.
    private var versions: UInt8 = 0
    var flags: Flags = []
    /// Number of the real server in `IPVSState.servers`; -1: none (`cp->dest`).
    var server: Int32 = -1
    var timerNext: UInt32 = 0
    /// Previous record of the timer's slot; with the top bit set, the slot itself.
    var timerPrevious: UInt32 = 0
    /// Record of the template or control connection it hangs on; 0: none (`cp->control`).
    var control: UInt32 = 0
    /// How many hang on this one (`n_control`).
    var controlled: UInt32 = 0
    /// `in_pkts`, which the sync daemon and the defence look at.
    var incomingPackets: UInt32 = 0
    /// The outer connection of the tunnel its requests go through, see `link`.
    private var linkHandle: UInt32 = 0
    private var linkPort: UInt16 = 0
    /// The low byte is part of the handle, so that an old handle does not find a new connection; 0 is never used.
    var generation: UInt16 = 1
    var state: UInt8 = 0
    /// The state that was last synchronised.
    var syncedState: UInt8 = 0
    private var linkKey: UInt8 = 0
    /// The timer wheel's level for `expires` in the low nibble, for `timeout` in the high one.
    private var levels: UInt8 = 0

    /// 4 or 6, of client and virtual address (`af`).
    @inline(__always) var version: UInt8 {
        get { versions & 15 }
        set { versions = versions & 0xf0 | newValue }
    }

    /// 4 or 6, of the real server (`daf`).
    @inline(__always) var destinationVersion: UInt8 {
        get { versions >> 4 }
        set { versions = versions & 15 | newValue << 4 }
    }

    /// See `FlowWords.swift`.
    @inline(__always) var link: FlowLink {
        get { FlowLink(handle: linkHandle, port: linkPort, key: linkKey) }
        set {
            linkHandle = newValue.handle
            linkPort = newValue.port
            linkKey = newValue.key
        }
    }

    /// Jiffy at which the timer fires, the wheel's coarseness included.
    @inline(__always) var fires: Int64 { Jiffies.fire(expires, level: levels & 15) }

    /// What the next `restart` gives it; the usual packet changes nothing.
    @inline(__always)
    mutating func setTimeout(_ jiffies: Int64) {
        if timeout == jiffies { return }
        timeout = jiffies
        levels = levels & 15 | Jiffies.level(jiffies) << 4
    }

    /// Moves the timer's end to `timeout` from now; whether the wheel has to learn of it, because the timer now fires
    /// earlier than the list it stands in says.
    @inline(__always)
    mutating func restart(at jiffy: Int64) -> Bool {
        let new = jiffy &+ timeout
        let isArmed = flags.contains(.timer)
        let level = levels >> 4
        if isArmed, new >= expires, level == levels & 15 {
            expires = new
            return false
        }
        return restartUnusually(new, level, isArmed)
    }

    private mutating func restartUnusually(_ new: Int64, _ level: UInt8, _ isArmed: Bool) -> Bool {
        if isArmed, new == expires { return false }
        let before = fires
        expires = new
        levels = levels & 0xf0 | level
        return !isArmed || fires < before
    }

    /// `IP_VS_CONN_F_*`, with the kernel's bits, since the sync daemon sends them.
    struct Flags: OptionSet, Hashable {
        var rawValue: UInt32
        static let forwardingMask: UInt32 = 0x0007
        static let noOutput = Flags(rawValue: 0x0080)
        static let sync = Flags(rawValue: 0x0020)
        static let hashed = Flags(rawValue: 0x0040)
        static let inactive = Flags(rawValue: 0x0100)
        static let outSequence = Flags(rawValue: 0x0200)
        static let inSequence = Flags(rawValue: 0x0400)
        static let sequenceMask = Flags(rawValue: 0x0600)
        static let noClientPort = Flags(rawValue: 0x0800)
        static let template = Flags(rawValue: 0x1000)
        static let onePacket = Flags(rawValue: 0x2000)
        static let netfilterConntrack = Flags(rawValue: 0x1_0000)
        /// Ours: bound to the FTP helper, and a PASV command was seen (`cp->app`, `cp->app_data`).
        static let ftp = Flags(rawValue: 0x1000_0000)
        static let ftpPassive = Flags(rawValue: 0x2000_0000)
        /// Ours: the same with EPSV.
        static let ftpExtended = Flags(rawValue: 0x0400_0000)
        /// Ours: the timer is in the wheel.
        static let timer = Flags(rawValue: 0x4000_0000)
        /// Ours: will be dropped before anything else happens (`ip_vs_conn_expire_now`).
        static let expiring = Flags(rawValue: 0x8000_0000)
        /// A timer that starts over with one of these set does something else.
        static let unusualRestart: UInt32 = 0x8000_2000
        /// Ours: the client may be the node itself, so that replies arrive at LOCAL_IN.
        static let localClient = Flags(rawValue: 0x0800_0000)
        /// Ours: another connection has, or had, the same client's port.
        static let sharesClient = Flags(rawValue: 0x0080_0000)
        static let ours: Flags = [.ftp, .ftpPassive, .ftpExtended, .timer, .expiring, .localClient, .sharesClient]
    }

    /// `IP_VS_CONN_F_FWD_MASK`
    @inline(__always)
    var forwarding: Forwarding {
        get { Forwarding(rawValue: UInt8(flags.rawValue & Flags.forwardingMask)) ?? .masquerade }
        set { flags.rawValue = flags.rawValue & ~Flags.forwardingMask | UInt32(newValue.rawValue) }
    }

    @inline(__always) var isTemplate: Bool { flags.contains(.template) }
}

/// How packets reach the real server (`IP_VS_CONN_F_MASQ` …).
enum Forwarding: UInt8 {
    case masquerade = 0
    case localNode = 1
    case tunnel = 2
    case directRoute = 3
    case bypass = 4
}

typealias VirtualConnectionRef = UnsafeMutablePointer<VirtualConnection>

/// What a connection is looked up by (`struct ip_vs_conn_param`). In a lookup of a reply `client` is the real
/// server's end.
struct VirtualFlow {
    var version: UInt8
    var ipProtocol: IPProtocol
    var client: AddressBits
    var clientPort: UInt16
    var virtual: AddressBits
    var virtualPort: UInt16
}
