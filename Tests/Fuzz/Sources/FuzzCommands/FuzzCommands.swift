import FuzzDriver
import Hawse

/// Single command lines: iptables, conntrack, sysctl, ipvsadm and the lines of iproute2.
@main enum FuzzCommands {
    static func main() { drive(run) }

    private static let run: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt = { data, count in
        let text = FuzzDriver.text(data, count)
        let place = SourceLocation(file: "fuzz", line: 1, column: 1)
        var rules = RuleSet(family: .ipv4)
        if let command = try? RuleCommand(commandLine: text) { _ = try? command.apply(to: &rules) }
        _ = try? ConntrackCommand(commandLine: text)
        _ = try? SysctlCommand.settings(text)
        _ = try? IPVSAdmParser().command(text)
        if let route = try? RouteText.parse(text, at: place) { _ = route.description }
        if let rule = try? RoutingRuleText.parse(text, at: place) { _ = rule.description }
        _ = (try? NeighborText.parse(text, at: place))?.description
        _ = (try? ForwardingEntryText.parse(text, at: place))?.description
        return 0
    }
}
