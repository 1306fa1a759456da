/// `-m sctp` (`xt_sctp`).
public struct SCTPMatch: Hashable, Sendable {
    public enum Scope: UInt8, Hashable, Sendable {
        case any = 1
        case all = 2
        case only = 4
    }

    public struct Chunk: Hashable, Sendable {
        public var type: UInt8
        /// Flag bits to look at; 0: none.
        public var flagMask: UInt8
        public var flags: UInt8

        public init(type: UInt8, flagMask: UInt8 = 0, flags: UInt8 = 0) {
            self.type = type
            self.flagMask = flagMask
            self.flags = flags
        }
    }

    public struct Chunks: Hashable, Sendable {
        public var scope: Scope
        /// By type, each at most once.
        public var types: [Chunk]
        public var inverted: Bool

        public init(scope: Scope, types: [Chunk], inverted: Bool = false) {
            self.scope = scope
            self.types = types
            self.inverted = inverted
        }
    }

    public var sourcePorts: ValueRange<UInt16>?
    public var destinationPorts: ValueRange<UInt16>?
    public var chunks: Chunks?

    public init(
        sourcePorts: ValueRange<UInt16>? = nil, destinationPorts: ValueRange<UInt16>? = nil,
        chunks: Chunks? = nil
    ) {
        self.sourcePorts = sourcePorts
        self.destinationPorts = destinationPorts
        self.chunks = chunks
    }
}
