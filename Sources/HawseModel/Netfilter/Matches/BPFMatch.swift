/// `-m bpf` (`xt_bpf`): a classic BPF program over the packet from its network header, or a pinned eBPF object.
public struct BPFMatch: Hashable, Sendable {
    /// `struct sock_filter`.
    public struct Instruction: Hashable, Sendable {
        public var code: UInt16
        public var jumpTrue: UInt8
        public var jumpFalse: UInt8
        public var operand: UInt32

        public init(code: UInt16, jumpTrue: UInt8 = 0, jumpFalse: UInt8 = 0, operand: UInt32) {
            self.code = code
            self.jumpTrue = jumpTrue
            self.jumpFalse = jumpFalse
            self.operand = operand
        }
    }

    public enum Program: Hashable, Sendable {
        case bytecode([Instruction])
        /// A path in the BPF file system.
        case pinned(String)
    }

    public var program: Program

    public init(_ program: Program) {
        self.program = program
    }
}
