import Hawse

/// iptables text: what is read keeps its text, is checked, and prints.
func readRules(_ text: String) {
    for family in [AddressFamily.ipv4, .ipv6] {
        let parser = IPTablesParser(family: family)
        _ = parser.diagnose(text)
        guard let read = try? parser.parseText(text) else { continue }
        precondition(read.text == text, "the text is not kept")
        _ = RuleSetCheck.check(read.rules, sets: [])
        _ = IPTablesPrinter(counters: true).text(read.rules)
    }
}

/// ipset text: what is read keeps its text and prints.
func readSets(_ text: String) {
    let found = IPSetParser().diagnose(text)
    _ = IPSetParser(isRecorded: true).diagnose(text)
    for set in found.text.sets { _ = IPSetPrinter().text([set.completed]) }
    guard let read = try? IPSetParser().parseText(text) else { return }
    precondition(read.text == text, "the text is not kept")
}

/// ipvsadm text: what is printed of the servers read must be read again.
func readServers(_ text: String) {
    _ = IPVSAdmParser().diagnose(text)
    guard let spec = try? IPVSAdmParser().parse(text) else { return }
    let saved = IPVSAdmPrinter().saved(spec)
    precondition((try? IPVSAdmParser().parse(saved)) != nil, "what is saved is not read")
}

/// Connection listings, and those of timeout policies.
func readConnections(_ text: String) {
    _ = try? TimeoutPolicyList.parse(text)
    guard let connections = try? ConntrackParser().parse(text) else { return }
    for connection in connections { _ = ConntrackPrinter.line(connection) }
}

/// Single command lines: iptables, conntrack, sysctl, ipvsadm and the lines of iproute2.
func readCommand(_ text: String) {
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
}

/// Capture files, classic and pcapng: every record's link header is read too.
func readCapture(_ bytes: UnsafeRawBufferPointer) {
    guard var reader = try? CaptureReader(memory: bytes, name: "fuzz") else { return }
    var records = 0
    while records < 10_000, let record = try? reader.next() {
        records += 1
        _ = record.bytes.count
    }
}
