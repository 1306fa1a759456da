import HawseModel
import HawseWire

/// A connection of the virtual server (`struct ip_vs_conn`): two cache lines, of which a lookup reads the first.
struct VirtualConnection {
    var client: AddressBits = .zero
    var virtual: AddressBits = .zero
    var destination: AddressBits = .zero
    var clientPort: UInt16 = 0
    var virtualPort: UInt16 = 0
    var destinationPort: UInt16 = 0
    /// `IPPROTO_IP` for the template of a firewall-mark service.
    var ipProtocol: UInt8 = 0
    /// 4 or 6, of client and virtual address (`af`).
    var version: UInt8 = 0
    var flags: Flags = []
    /// Next record of the bucket; 0: last.
    var next: UInt32 = 0

    // Second line.
    /// Jiffy for which the timer is set (`timer.expires`).
    var expires: Int64 = 0
    /// Jiffy at which it fires, the wheel's coarseness included.
    var fires: Int64 = 0
    /// Jiffies that the next `restart` gives it.
    var timeout: Int64 = 0
    var timerNext: UInt32 = 0
    /// Previous record of the timer's slot; with the top bit set, the slot itself.
    var timerPrevious: UInt32 = 0
    /// Number of the real server in `IPVSState.servers`; -1: none (`cp->dest`).
    var server: Int32 = -1
    /// Record of the template or control connection it hangs on; 0: none (`cp->control`).
    var control: UInt32 = 0
    /// How many hang on this one (`n_control`).
    var controlled: UInt32 = 0
    /// `in_pkts`, which the sync daemon and the defence look at.
    var incomingPackets: UInt32 = 0
    var mark: UInt32 = 0
    var state: UInt8 = 0
    /// The state that was last synchronised.
    var syncedState: UInt8 = 0
    /// 4 or 6, of the real server (`daf`).
    var destinationVersion: UInt8 = 0
    /// `sync_endtime`: the jiffy (low word) at which the connection that was last synchronised would end; the two lowest
    /// bits count retries.
    var syncEnd: UInt32 = 0
    /// Number in `VirtualConnectionTable.engineData`; 0: no persistence engine made it (`pe_data`).
    var engine: UInt32 = 0
    /// Part of the handle, so that an old handle does not find a new connection; 0 is never used.
    var generation: UInt8 = 1
    /// The outer connection of the tunnel its requests go through, see `FlowWords.swift`.
    var link = FlowLink()

    /// `IP_VS_CONN_F_*`, with the kernel's bits, since the sync daemon sends them.
    struct Flags: OptionSet, Hashable {
        var rawValue: UInt32
        static let forwardingMask: UInt32 = 0x0007
        static let noOutput = Flags(rawValue: 0x0010)
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
    var ipProtocol: UInt8
    var client: AddressBits
    var clientPort: UInt16
    var virtual: AddressBits
    var virtualPort: UInt16
}
