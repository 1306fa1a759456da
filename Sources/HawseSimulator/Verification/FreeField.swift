/// A field of the recording that the kernel chose at random (`free` in case.json): a comparison ignores it, or holds
/// it against a range.
public struct FreeField: Hashable, Sendable {
    /// `ip-id`, `source-port`, `vxlan-source-port`, `edst`, … , with `inner.` in front for the encapsulated frame,
    /// or `expect/<file>` for a whole file.
    public var field: String
    /// Only on this interface; `nil`: on all.
    public var interface: String?
    /// Zero-based frame numbers in out/<iface>.pcap; `nil`: all.
    public var frames: Set<Int>?
    public var range: ClosedRange<Int>?
    /// Words on which frames are meant.
    public var of: String

    public init(
        field: String, interface: String? = nil, frames: Set<Int>? = nil, range: ClosedRange<Int>? = nil, of: String = ""
    ) {
        self.field = field
        self.interface = interface
        self.frames = frames
        self.range = range
        self.of = of
    }
}
