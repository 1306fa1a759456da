import HawseModel

extension Walk {
    /// The switch over all targets but the verdicts, which the loop knows itself.
    func runTarget(
        _ record: UnsafeMutablePointer<RuleRecord>, _ arena: UnsafeMutableRawPointer, _ context: inout RuleContext
    ) -> TargetResult {
        let argument = Int(record.pointee.argument)
        @inline(__always)
        func action<Action: BitwiseCopyable>(_ type: Action.Type) -> Action {
            arena.load(fromByteOffset: argument, as: type)
        }
        switch record.pointee.target {
        case .mark: action(MarkAction.self).apply(context)
        case .connmark: action(ConnmarkAction.self).apply(context)
        case .ct: CTAction.apply((arena + argument).assumingMemoryBound(to: CTAction.self), context)
        case .classify: action(ClassifyAction.self).apply(context)
        case .noEffect: break
        case .dnat: return dnat(action(NATAction.self), context)
        case .snat: return snat(action(NATAction.self), context)
        case .masquerade: return masquerade(action(MasqueradeAction.self), context)
        case .redirect: return redirect(action(MasqueradeAction.self), context)
        case .netmap: return netmap(action(NetmapAction.self), context)
        case .snpt: return prefixTranslation(action(NPTAction.self), context, isSource: true)
        case .dnpt: return prefixTranslation(action(NPTAction.self), context, isSource: false)
        case .reject: return reject(action(RejectAction.self), context)
        case .tcpmss: return changeMSS(action(TCPMSSAction.self), context)
        case .tcpoptstrip: return stripOptions(action(TCPOptStripAction.self), context)
        case .ttl: action(TTLAction.self).apply(context)
        case .dscp: action(DSCPAction.self).apply(context)
        case .tos: action(TOSAction.self).apply(context)
        case .ecn: return action(ECNAction.self).apply(context)
        case .tee: return tee(action(TeeAction.self), context)
        case .tproxy: return action(TProxyAction.self).apply(context)
        case .trace: context.packet.pointee.flags.insert(.traced)
        case .set: action(SetAction.self).apply(context)
        case .nfqueue: return action(NFQueueAction.self).apply(context)
        case .synproxy: return synproxy(action(SynproxyAction.self), context)
        case .hmark: action(HMarkAction.self).apply(context)
        case .rateest:
            node.pointee.named.feed(UInt32(argument), length: context.packet.length, at: node.pointee.now)
        case .next, .accept, .drop, .return, .jump, .goto, .policyAccept, .policyDrop: break
        }
        return .continue
    }
}
