import ArgumentParser
import Hawse

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate manifests and rule files as the API server, the kernel and the tools would.",
        discussion: """
            Every finding names file, line and column, the reason, and the nearest known word. Exit status 1 when there is one.

              hawse check -f cluster/ --format ndjson
              hawse check --rules iptables.v4 --rules iptables.v6 --ipset ipset
              hawse check --net-conf net-conf.json --subnet-env /run/flannel/subnet.env
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, ndjson }

    @OptionGroup var manifests: ManifestInput

    @Option(help: ArgumentHelp("An iptables-save file; ip6tables when its name ends in v6. Repeatable.", valueName: "FILE"))
    var rules: [String] = []

    @Option(help: ArgumentHelp("A file of ipvsadm commands (ipvsadm-save). Repeatable.", valueName: "FILE"))
    var ipvs: [String] = []

    @Option(help: ArgumentHelp("An ipset save file; its sets are those that --rules may name. Repeatable.", valueName: "FILE"))
    var ipset: [String] = []

    @Option(help: ArgumentHelp("flannel's net-conf.json. Repeatable.", valueName: "FILE"))
    var netConf: [String] = []

    @Option(help: ArgumentHelp("flannel's subnet.env. Repeatable.", valueName: "FILE"))
    var subnetEnv: [String] = []

    @Flag(name: [.customShort("6"), .customLong("ipv6")], help: "The --rules files are for ip6tables.")
    var isIPv6 = false

    @Option(help: "text or ndjson (one object a finding).")
    var format: Format = .text

    func validate() throws {
        if manifests.filenames.isEmpty, (rules + ipvs + ipset + netConf + subnetEnv).isEmpty {
            throw ValidationError(
                "what is to be checked? -f MANIFESTS, --rules FILE, --ipvs FILE, --ipset FILE, --net-conf FILE or --subnet-env FILE")
        }
    }

    func run() throws {
        var findings: [CheckFinding] = []
        if !manifests.filenames.isEmpty { findings += try ManifestCheck.findings(manifests) }
        var sets: [IPSet] = []
        var setFindings: [CheckFinding] = []
        for file in ipset {
            let (found, wrong) = try RuleFileCheck.ipset(file)
            sets += found
            setFindings += wrong
        }
        for file in rules { findings += try RuleFileCheck.iptables(file, family: family(of: file), sets: sets) }
        findings += setFindings
        for file in ipvs { findings += try RuleFileCheck.ipvs(file) }
        for file in netConf { findings += try ManifestCheck.networkConfiguration(file) }
        for file in subnetEnv { findings += try ManifestCheck.subnetEnvironment(file) }
        var out = StandardOutput()
        for finding in findings { out.line(format == .text ? finding.text : finding.json) }
        out.flush()
        if findings.contains(where: \.isError) { throw Failure.no() }
    }

    private func family(of file: String) -> AddressFamily {
        isIPv6 || file.hasSuffix("v6") || file.contains("ip6tables") ? .ipv6 : .ipv4
    }
}

/// One finding, in the columns that all checks share.
struct CheckFinding {
    var file: String
    var line: Int
    var column: Int
    var kind = ""
    var namespace = ""
    var name = ""
    var field = ""
    /// The API server's cause, or what the other checks call it.
    var type: String
    var message: String
    var isError = true

    var text: String {
        let place = line > 0 ? "\(file):\(line)" + (column > 0 ? ":\(column)" : "") : file
        // Only manifests have objects.
        let object = kind.isEmpty || type == "Syntax" ? "" : " \(kind) \(namespace.isEmpty ? "" : namespace + "/")\(name):"
        return "\(place): \(isError ? "error" : "warning"):\(object) \(field.isEmpty ? "" : field + ": ")\(message)"
    }

    var json: String {
        var row = JSONObject()
        row.set("file", file)
        row.set("line", line)
        row.set("column", column)
        row.set("kind", kind)
        row.set("namespace", namespace)
        row.set("name", name)
        row.set("field", field)
        row.set("type", type)
        row.set("message", message)
        return row.line
    }
}
