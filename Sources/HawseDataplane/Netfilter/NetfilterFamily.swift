import HawseModel
import HawseWire

/// One family's compiled tables, and what follows from them.
struct NetfilterFamily {
    var family: AddressFamily
    /// Some rule needs connections (a NAT target, `-m conntrack`, CT …): conntrack, defragmentation and nat run.
    var usesConntrack = false
    /// Bit (table × 5 + hook): the table has been touched and stands at this hook.
    var present: UInt32 = 0

    init(_ ruleSet: RuleSet?, family: AddressFamily) {
        self.family = family
    }

    func deallocate() {}

    @inline(__always)
    func has(_ table: TableIndex, _ hook: Hook) -> Bool {
        present & (1 << (UInt32(table.rawValue) &* 5 &+ UInt32(hook.rawValue))) != 0
    }
}

enum TableIndex: UInt8 {
    case raw = 0, mangle, nat, filter, security
}

extension Walk {
    /// One table at one hook (`ipt_do_table`): counts, changes the packet, and says accept or drop (with the disposition set).
    @inline(__always)
    func evaluate(
        _ packet: PacketRef, _ family: UnsafeMutablePointer<NetfilterFamily>, _ table: TableIndex, _ hook: Hook
    ) -> Verdict {
        .accept
    }

    /// mangle OUTPUT routes again when mark, addresses or TOS changed (`ipt_mangle_out`).
    @inline(__always)
    func evaluateMangleOutput(_ packet: PacketRef, _ family: UnsafeMutablePointer<NetfilterFamily>) -> Verdict {
        evaluate(packet, family, .mangle, .output)
    }
}
