import ArgumentParser
import Hawse

/// Which objects, and of which moment: shared by `get` and `describe`.
struct ResourceInput: ParsableArguments {
    @OptionGroup var manifests: ManifestInput

    @Argument(help: ArgumentHelp("As for kubectl: `pods`, `svc,ep`, `pod web-0`, `deploy/web`, `all`.", valueName: "TYPE [NAME…]"))
    var words: [String] = []

    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("The namespace.", valueName: "NAME"))
    var namespace = "default"

    @Flag(name: [.customShort("A"), .long], help: "Every namespace.")
    var allNamespaces = false

    @Option(
        name: [.customShort("l"), .long],
        help: ArgumentHelp("Label selector: `app=web,tier!=db`, `env in (a, b)`, `!canary`.", valueName: "QUERY"))
    var selector = ""

    @Option(help: ArgumentHelp("Timed steps to play first; see --at.", valueName: "FILE"))
    var scenario: String?

    @Option(help: ArgumentHelp("The moment to look at, from the scenario's start: 90, 1m30s.", valueName: "TIME"))
    var at: String?

    @Option(help: ArgumentHelp("The same seed and input give the same output.", valueName: "N"))
    var seed: UInt64 = 0

    func validate() throws {
        if manifests.filenames.isEmpty { throw ValidationError("manifests are needed: -f PATH") }
        if words.isEmpty { throw ValidationError("which type of object? such as pods, services, all") }
    }

    /// The cluster at the moment asked for. What the API server refuses is reported, as kubectl would, and left out.
    func state() throws -> ClusterState {
        let loader = try manifests.load()
        let (state, problems) = ClusterState.build(from: loader.objects, seed: seed)
        ManifestInput.report(problems)
        guard let scenario else { return state }
        guard let text = TextFile.read(scenario) else { throw Failure.input("\(scenario): cannot be read") }
        let folder = scenario.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let (read, complaints) = Scenario.read(text: text, file: scenario, folder: folder.isEmpty ? "." : folder)
        ManifestInput.report(complaints)
        guard let read else { throw Failure.input("") }
        var run = ScenarioRun(read, state: state)
        run.advance(to: try moment(read))
        ManifestInput.report(run.problems)
        return run.state
    }

    /// After the last step unless told.
    private func moment(_ scenario: Scenario) throws -> Double {
        guard let at else { return scenario.steps.last?.at ?? 0 }
        guard let seconds = Scenario.seconds(at) else { throw Failure.input("--at: `\(at)' is no time: 90, 1m30s") }
        return seconds
    }

    func query(_ state: ClusterState) throws -> ResourceQuery {
        var query = ResourceQuery()
        query.namespace = namespace
        query.allNamespaces = allNamespaces
        do {
            query.selector = try LabelQuery(selector)
            try query.parse(words, in: state)
        } catch { throw Failure.input("\(error)") }
        return query
    }
}

struct Get: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Simulated objects in kubectl's formats.",
        discussion: """
            Manifests are run through the control plane first: addresses, pods and EndpointSlices are made as a cluster would.

              hawse get -f cluster/ pods -o wide
              hawse get -f cluster/ svc,endpointslices -A
              hawse get -f cluster/ deploy/web -o yaml --scenario rollout.yaml --at 30s
              hawse get -f cluster/ pods -o jsonpath='{.items[*].status.podIP}'
            """)

    @OptionGroup var input: ResourceInput

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp(
            "table, wide, yaml, json, name, jsonpath={…} or custom-columns=HEADER:PATH,….", valueName: "FORMAT"))
    var output = "table"

    @Option(help: ArgumentHelp("The order of rows: .metadata.creationTimestamp.", valueName: "JSONPATH"))
    var sortBy: String?

    @Option(help: ArgumentHelp("Field selector: status.phase=Running,spec.nodeName!=node-a.", valueName: "QUERY"))
    var fieldSelector = ""

    @Option(name: [.customShort("L"), .long], help: ArgumentHelp("Labels as columns, by commas.", valueName: "LABEL"))
    var labelColumns = ""

    @Flag(help: "All labels in a last column.")
    var showLabels = false

    @Flag(help: "Leave the header out.")
    var noHeaders = false

    func run() throws {
        let state = try input.state()
        var query = try input.query(state)
        query.headers = !noHeaders
        query.showsLabels = showLabels
        query.labelColumns = labelColumns.split(separator: ",").map(String.init)
        do {
            query.output = try ResourceQuery.Output(output)
            query.fieldSelector = try FieldQuery(fieldSelector)
            query.sortBy = try sortBy.map { try JSONPath(relaxed: $0) }
        } catch { throw Failure.input("\(error)") }
        let listing = ResourceListing(query, of: state)
        var out = StandardOutput()
        out.write(listing.text)
        out.flush()
        for message in listing.messages { StandardError.write("\(message)\n") }
        if !listing.isComplete { throw Failure.no() }
    }
}
