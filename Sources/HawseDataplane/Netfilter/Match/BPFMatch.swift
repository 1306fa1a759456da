import HawseModel
import HawseWire

/// `-m bpf` (`bpf_mt`): a classic BPF program over the packet from its network header. Behind it: the instructions,
/// eight bytes each as `struct sock_filter`.
struct BPFOperation: MatchOperation {
    struct Instruction: BitwiseCopyable {
        var code: UInt16
        var jumpTrue: UInt8
        var jumpFalse: UInt8
        var operand: UInt32
    }

    var count: UInt32

    init(_ match: BPFMatch, _ compiler: RuleCompiler) throws(DataplaneError) {
        guard case .bytecode(let program) = match.program else {
            throw compiler.refusal("bpf: a pinned object cannot be loaded here; give the program with --bytecode")
        }
        if let problem = Self.problem(program) { throw compiler.refusal("bpf: \(problem)") }
        count = UInt32(program.count)
    }

    static func trailer(_ match: BPFMatch) -> [Instruction] {
        guard case .bytecode(let program) = match.program else { return [] }
        return program.map {
            Instruction(code: $0.code, jumpTrue: $0.jumpTrue, jumpFalse: $0.jumpFalse, operand: $0.operand)
        }
    }

    /// `bpf_check_classic`: known instructions, jumps that stay inside, a return at the end.
    private static func problem(_ program: [BPFMatch.Instruction]) -> String? {
        guard let last = program.last, program.count <= 4096 else { return "the program must have 1 to 4096 instructions" }
        guard last.code == 0x06 || last.code == 0x16 else { return "the program does not end with a return" }
        for (i, step) in program.enumerated() {
            let left = program.count - i - 1
            switch step.code {
            case 0x05: if Int(step.operand) >= left { return "instruction \(i) jumps behind the end" }
            case 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d:
                if max(Int(step.jumpTrue), Int(step.jumpFalse)) >= left { return "instruction \(i) jumps behind the end" }
            case 0x60, 0x61, 0x02, 0x03: if step.operand >= 16 { return "instruction \(i) names memory word \(step.operand) of 16" }
            case 0x34, 0x94: if step.operand == 0 { return "instruction \(i) divides by zero" }
            case 0x64, 0x74: if step.operand >= 32 { return "instruction \(i) shifts by \(step.operand)" }
            case 0x00, 0x01, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x80, 0x81, 0xb1, 0x06, 0x16, 0x07, 0x87: break
            case 0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x3c, 0x44, 0x4c, 0x54, 0x5c, 0x6c, 0x7c, 0x84, 0x9c, 0xa4, 0xac: break
            default: return "instruction \(i) has the unknown code \(step.code)"
            }
        }
        return nil
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let program = UnsafeMutableRawPointer(operation + 1).assumingMemoryBound(to: Instruction.self)
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 16) { memory in
            memory.initialize(repeating: 0)
            var machine = Machine(memory: memory, context: context)
            return machine.run(program, Int(operation.pointee.count)) != 0
        }
    }

    private struct Machine {
        var a: UInt32 = 0
        var x: UInt32 = 0
        let memory: UnsafeMutableBufferPointer<UInt32>
        let context: RuleContext
        var failed = false

        init(memory: UnsafeMutableBufferPointer<UInt32>, context: RuleContext) {
            self.memory = memory
            self.context = context
        }

        /// Returns the program's value; 0 when it reads behind the packet.
        mutating func run(_ program: UnsafeMutablePointer<Instruction>, _ count: Int) -> UInt32 {
            var i = 0
            while i < count {
                let step = program[i]
                i += 1
                switch step.code & 7 {
                case 0: loadA(step)
                case 1: loadX(step)
                case 2: memory[Int(step.operand & 15)] = a
                case 3: memory[Int(step.operand & 15)] = x
                case 4: if !arithmetic(step) { return 0 }
                case 5:
                    if step.code == 0x05 {
                        i += Int(step.operand)
                    } else {
                        i += Int(jumps(step) ? step.jumpTrue : step.jumpFalse)
                    }
                case 6: return step.code == 0x16 ? a : step.operand
                default: if step.code == 0x07 { x = a } else { a = x }
                }
                if failed { return 0 }
            }
            return 0
        }

        private mutating func loadA(_ step: Instruction) {
            switch step.code {
            case 0x00: a = step.operand
            case 0x60: a = memory[Int(step.operand & 15)]
            case 0x80: a = UInt32(truncatingIfNeeded: context.packet.length)
            case 0x20: a = load(step.operand, 0, 4)
            case 0x28: a = load(step.operand, 0, 2)
            case 0x30: a = load(step.operand, 0, 1)
            case 0x40: a = load(step.operand, x, 4)
            case 0x48: a = load(step.operand, x, 2)
            default: a = load(step.operand, x, 1)
            }
        }

        private mutating func loadX(_ step: Instruction) {
            switch step.code {
            case 0x01: x = step.operand
            case 0x61: x = memory[Int(step.operand & 15)]
            case 0x81: x = UInt32(truncatingIfNeeded: context.packet.length)
            default: x = (load(step.operand, 0, 1) & 15) << 2
            }
        }

        /// `SKF_AD_OFF`, `SKF_NET_OFF` and `SKF_LL_OFF` are regions below zero.
        private mutating func load(_ operand: UInt32, _ index: UInt32, _ bytes: Int) -> UInt32 {
            let offset = Int(Int32(bitPattern: operand))
            if offset < 0, offset >= -0x1000, index == 0 { return ancillary(offset + 0x1000) }
            var place = offset + Int(Int32(bitPattern: index))
            let packet = context.packet
            if place < -0x10_0000, place >= -0x20_0000 {
                guard packet.pointee.mac >= 0 else { return fail() }
                place = place + 0x20_0000 - Int(packet.pointee.network - packet.pointee.mac)
                guard place + bytes <= packet.length, place >= Int(packet.pointee.mac - packet.pointee.network)
                else { return fail() }
            } else {
                if place < 0 { place += 0x10_0000 }
                guard place >= 0, place + bytes <= packet.length else { return fail() }
            }
            let pointer = packet.networkPointer + place
            switch bytes {
            case 4: return pointer.loadBE32(at: 0)
            case 2: return UInt32(pointer.loadBE16(at: 0))
            default: return UInt32(pointer.load8(at: 0))
            }
        }

        private mutating func fail() -> UInt32 {
            failed = true
            return 0
        }

        private mutating func ancillary(_ field: Int) -> UInt32 {
            let packet = context.packet
            switch field {
            case 0: return UInt32((packet.isIPv4 ? EtherType.ipv4 : .ipv6).rawValue)
            case 4: return UInt32(packet.pointee.packetType == .outgoing ? 0 : packet.pointee.packetType.rawValue)
            case 8:
                let out = packet.pointee.outInterface
                return UInt32(packet.pointee.inInterface != 0 ? packet.pointee.inInterface : out)
            case 20: return packet.pointee.mark
            case 36: return 0
            default: return 0
            }
        }

        private mutating func arithmetic(_ step: Instruction) -> Bool {
            let operand = step.code & 8 != 0 ? x : step.operand
            switch step.code & 0xf0 {
            case 0x00: a = a &+ operand
            case 0x10: a = a &- operand
            case 0x20: a = a &* operand
            case 0x30:
                if operand == 0 { return false }
                a /= operand
            case 0x40: a |= operand
            case 0x50: a &= operand
            case 0x60: a = a &<< operand
            case 0x70: a = a &>> operand
            case 0x80: a = 0 &- a
            case 0x90:
                if operand == 0 { return false }
                a %= operand
            default: a ^= operand
            }
            return true
        }

        private func jumps(_ step: Instruction) -> Bool {
            let operand = step.code & 8 != 0 ? x : step.operand
            switch step.code & 0xf0 {
            case 0x10: return a == operand
            case 0x20: return a > operand
            case 0x30: return a >= operand
            default: return a & operand != 0
            }
        }
    }
}
