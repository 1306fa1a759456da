import HawseWire

/// One change of the virtual servers: what one `ipvsadm` command line asks for.
public enum IPVSCommand: Hashable, Sendable {
    /// `-A`; destinations of the value are added one after the other.
    case addService(VirtualService)
    /// `-E`: scheduler, flags, persistence. Destinations are left alone.
    case editService(VirtualService)
    /// `-D`
    case deleteService(VirtualService.Key)
    /// `-a`
    case addDestination(VirtualService.Key, Destination)
    /// `-e`
    case editDestination(VirtualService.Key, Destination)
    /// `-d`
    case deleteDestination(VirtualService.Key, address: IPAddress, port: UInt16)
    /// `-C`
    case flush
    /// `-Z`; `nil`: every service.
    case zero(VirtualService.Key?)
    /// `--set`
    case setTimeouts(IPVSSpec.Timeouts)
    /// `--start-daemon`
    case startDaemon(IPVSSyncDaemon)
    /// `--stop-daemon`
    case stopDaemon(IPVSSyncDaemon.Role)
}

/// A connection synchronisation daemon (`ipvsadm --start-daemon`).
public struct IPVSSyncDaemon: Hashable, Sendable {
    public enum Role: String, Hashable, Sendable { case master, backup }

    public var role: Role
    /// `--mcast-interface`
    public var interface: String
    /// `--syncid`; 0 in a backup takes every master's messages.
    public var syncID: UInt8
    /// `--mcast-group`, `--mcast-port`, `--mcast-ttl`
    public var group: IPAddress
    public var port: UInt16
    public var ttl: UInt8
    /// `--sync-maxlen`: bytes of a message; 0: what the device's MTU allows.
    public var maximumLength: UInt16

    public init(
        role: Role, interface: String, syncID: UInt8 = 0, group: IPAddress = IPAddress(ipv4: 0xe000_0051),
        port: UInt16 = 8848, ttl: UInt8 = 1, maximumLength: UInt16 = 0
    ) {
        self.role = role
        self.interface = interface
        self.syncID = syncID
        self.group = group
        self.port = port
        self.ttl = ttl
        self.maximumLength = maximumLength
    }
}
