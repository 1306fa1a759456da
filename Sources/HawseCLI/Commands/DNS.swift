import ArgumentParser
import Hawse

struct DNS: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dns",
        abstract: "What cluster DNS answers.",
        discussion: """
            Answers are computed as CoreDNS's kubernetes plugin computes them (multi-cluster zones included, and k8s_external \
            beside it), from the objects that the manifests come to. Its options are those of the Corefile in the ConfigMap \
            kube-system/coredns; without one, the plugin's own defaults. Names that are not the cluster's are forwarded: the status \
            says so, and nobody is asked.

              hawse dns -f cluster/ --query web.default.svc.cluster.local --type A
              hawse dns -f cluster/ --query web --namespace default --type SRV --format json
              hawse dns -f cluster/ --questions questions.ndjson
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @OptionGroup(title: "Cluster") var manifests: ManifestInput

    @Option(help: ArgumentHelp("A name.", valueName: "NAME"))
    var query: String?

    @Option(help: ArgumentHelp("A, AAAA, SRV, CNAME, PTR, TXT, NS, SOA …", valueName: "T"))
    var type: DNSType = .a

    @Option(help: ArgumentHelp("Questions, one object a line: {\"name\", \"type\"}, perhaps with \"id\" and \"namespace\"; - for stdin.", valueName: "FILE.ndjson"))
    var questions: String?

    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("Ask as a pod of this namespace does: by its search list (ndots:5).", valueName: "NS"))
    var namespace: String?

    @Option(help: "text (as dig has it) or json (one object a question).")
    var format: Format = .text

    @Option(help: ArgumentHelp("The same seed and input give the same output.", valueName: "N"))
    var seed: UInt64 = 0

    func validate() throws {
        if manifests.filenames.isEmpty { throw ValidationError("a cluster is needed: -f MANIFESTS") }
        if (query == nil) == (questions == nil) { throw ValidationError("either --query NAME or --questions FILE") }
        if let query, let fault = DomainName.fault(in: query) { throw ValidationError("--query \(query): \(fault)") }
    }

    private struct Question {
        var id: String?
        var name: String
        var type: DNSType
        var namespace: String?
    }

    func run() throws {
        let loader = try manifests.load()
        let (state, problems) = ClusterState.build(from: loader.objects, seed: seed)
        ManifestInput.report(problems)
        if problems.contains(where: { $0.severity == .error }) { throw Failure.input("") }
        let server = ClusterDNS(state.store, options: try options(state.store))
        var out = StandardOutput()
        for (number, question) in try asked().enumerated() {
            let (name, answer) = server.resolve(question.name, question.type, namespace: question.namespace)
            switch format {
            case .text: write(name, question.type, answer, isFirst: number == 0, to: &out)
            case .json: out.line(line(question, name, answer, isFirst: number == 0))
            }
        }
        out.flush()
    }

    private func options(_ store: ClusterStore) throws -> ClusterDNS.Options {
        var options = ClusterDNS.Options()
        if let text = store.get(Kubernetes.ConfigMap.self, ObjectKey(namespace: "kube-system", name: "coredns"))?.data["Corefile"] {
            do { options = try Corefile(text).options ?? options } catch { throw Failure.input("kube-system/coredns: \(error)") }
        }
        // The servers are the endpoints of the Service by which pods know them.
        options.localAddresses = store.list(Kubernetes.EndpointSlice.self)
            .filter { $0.serviceName == "kube-dns" && $0.metadata.namespace == "kube-system" }
            .flatMap { $0.endpoints.flatMap(\.addresses) }
        return options
    }

    private func asked() throws -> [Question] {
        guard let path = questions else { return [Question(name: query ?? "", type: type, namespace: namespace)] }
        let text = try TextFile.read(path)
        var all: [Question] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() where !line.isEmpty {
            do {
                let node = try JSONReader.parse(String(line))
                guard let name = node["name"]?.text else { throw Failure.input("\(path):\(number + 1): a question needs \"name\"") }
                if let fault = DomainName.fault(in: name) { throw Failure.input("\(path):\(number + 1): \(name): \(fault)") }
                let word = node["type"]?.text ?? "A"
                guard let type = DNSType(argument: word) else {
                    throw Failure.input("\(path):\(number + 1): \"\(word)\" is no type (\(DNSType.allValueStrings.joined(separator: ", ")))")
                }
                all.append(Question(id: node["id"]?.text, name: name, type: type, namespace: node["namespace"]?.text ?? namespace))
            } catch let error as JSONReader.Failure {
                throw Failure.input("\(path):\(number + 1):\(error.mark.column): \(error.reason)")
            }
        }
        return all
    }

    private func write(_ name: DomainName, _ type: DNSType, _ answer: DNSAnswer, isFirst: Bool, to out: inout StandardOutput) {
        if !isFirst { out.line("") }
        out.line(";; \(name) \(type.rawValue): \(answer.code.rawValue)")
        for (title, records) in [
            ("ANSWER", answer.answer), ("AUTHORITY", answer.authority), ("ADDITIONAL", answer.additional),
        ] where !records.isEmpty {
            out.line(";; \(title) SECTION:")
            for record in records { out.line("\(record)") }
        }
    }

    private func line(_ question: Question, _ name: DomainName, _ answer: DNSAnswer, isFirst: Bool) -> String {
        var object = JSONObject()
        if isFirst { object.set("schema", "hawse.dns/1") }
        if let id = question.id { object.set("id", id) }
        object.set("name", name.text)
        object.set("type", question.type.rawValue)
        object.set("rcode", answer.code.rawValue)
        for (key, records) in [("answer", answer.answer), ("ns", answer.authority), ("extra", answer.additional)] {
            let rows = records.map { record -> String in
                var row = JSONObject()
                row.set("name", record.name.text)
                row.set("ttl", record.ttl)
                row.set("type", record.type.rawValue)
                row.set("data", record.data)
                return row.line
            }
            object.set(key, raw: "[" + rows.joined(separator: ",") + "]")
        }
        return object.line
    }
}

extension DNSType: ExpressibleByArgument {
    public init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}
