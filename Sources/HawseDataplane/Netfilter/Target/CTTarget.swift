import HawseModel

/// CT and NOTRACK (`xt_ct_target`): what the connection lookup that follows will go by.
struct CTAction: BitwiseCopyable {
    var noTrack: Bool
    var template: ConnectionTemplate
    /// `ct->mark` of the template, which all packets of the rule share.
    var mark: UInt32 = 0

    init(_ target: CTTarget, _ compiler: RuleCompiler) throws(DataplaneError) {
        noTrack = target.noTrack
        template = .none
        guard !noTrack else { return }
        template.isSet = true
        switch target.zone {
        case .id(let zone): template.zone = zone
        case .mark: template.zoneIsMark = true
        case nil: break
        }
        if let name = target.timeout {
            guard let number = compiler.surroundings.policies.firstIndex(of: name) else {
                throw compiler.refusal("CT: there is no timeout policy named \"\(name)\"")
            }
            template.policy = UInt16(clamping: number + 1)
        }
        template.zoneOriginal = target.zoneDirection != .reply
        template.zoneReply = target.zoneDirection != .original
        if let name = target.helper {
            guard let helper = ConnectionHelper(name: name) else {
                let known = ConnectionHelper.allCases.dropFirst().map(\.name).joined(separator: ", ")
                throw compiler.refusal("CT: no helper named \"\(name)\"; there are \(known)")
            }
            template.helper = helper.rawValue
        }
    }

    static func apply(_ action: UnsafeMutablePointer<Self>, _ context: RuleContext) {
        let packet = context.packet
        // Already tracked, or already told not to be.
        guard packet.pointee.connection == 0, packet.pointee.connectionInfo != .untracked,
            !packet.pointee.connectionTemplate.isSet
        else { return }
        if action.pointee.noTrack {
            packet.pointee.connectionInfo = .untracked
            return
        }
        var template = action.pointee.template
        template.mark = withUnsafeMutablePointer(to: &action.pointee.mark) { $0 }
        packet.pointee.connectionTemplate = template
    }
}
