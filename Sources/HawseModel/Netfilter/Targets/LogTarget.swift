/// LOG (`xt_LOG`): no effect on the packet.
public struct LogTarget: Hashable, Sendable {
    public struct Flags: OptionSet, Hashable, Sendable {
        public var rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let tcpSequence = Flags(rawValue: 0x01)
        public static let tcpOptions = Flags(rawValue: 0x02)
        public static let ipOptions = Flags(rawValue: 0x04)
        public static let uid = Flags(rawValue: 0x08)
        public static let macDecode = Flags(rawValue: 0x20)
    }

    /// As syslog's: emerg 0 … debug 7.
    public var level: UInt8
    /// At most 29 bytes.
    public var prefix: String
    public var flags: Flags

    public init(level: UInt8 = 4, prefix: String = "", flags: Flags = []) {
        self.level = level
        self.prefix = prefix
        self.flags = flags
    }
}
