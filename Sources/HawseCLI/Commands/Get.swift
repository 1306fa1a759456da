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
    func state() throws -> (ClusterState, refusals: Refusals) {
        var (run, refusals) = try run()
        if scenario == nil, at == nil { return (run.state, refusals) }
        run.advance(to: try moment(run.scenario) ?? 0)
        ManifestInput.report(run.problems)
        return (run.state, refusals)
    }

    /// Objects of the manifests that the API server has refused.
    struct Refusals {
        var count = 0

        /// The last word of a command that has shown what there is.
        func conclude() throws {
            if count > 0 { throw Failure.damaged("what is refused above was left out") }
        }
    }

    /// The cluster at the start, with the steps that are to come.
    func run() throws -> (ScenarioRun, refusals: Refusals) {
        let loader = try manifests.load()
        let (state, problems) = ClusterState.build(from: loader.objects, seed: seed)
        ManifestInput.report(problems)
        let run = ScenarioRun(try scenario.map(TimelineReplay.steps) ?? Scenario(file: "", steps: []), state: state)
        return (run, Refusals(count: problems.count { $0.severity == .error }))
    }

    /// The moment asked for; the last step's unless told, nil when there is none.
    func moment(_ scenario: Scenario) throws -> Double? {
        guard let at else { return scenario.steps.last?.at }
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
              hawse get -f cluster/ pods -w --scenario rollout.yaml
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

    @Flag(name: [.customShort("w"), .long], help: "After the listing, every change while the scenario's steps are taken, or until --at.")
    var watch = false

    @Flag(help: "The changes alone.")
    var watchOnly = false

    @Flag(help: "With each change its kind: ADDED, MODIFIED, DELETED.")
    var outputWatchEvents = false

    func validate() throws {
        if (watch || watchOnly), input.scenario == nil, input.at == nil {
            throw ValidationError("what should change? --scenario FILE plays steps, --at TIME lets time pass")
        }
        if outputWatchEvents, !watch, !watchOnly {
            throw ValidationError("--output-watch-events option can only be used with --watch or --watch-only")
        }
    }

    private func query(_ state: ClusterState) throws -> ResourceQuery {
        var query = try input.query(state)
        query.headers = !noHeaders
        query.showsLabels = showLabels
        query.labelColumns = labelColumns.split(separator: ",").map(String.init)
        do {
            query.output = try ResourceQuery.Output(output)
            query.fieldSelector = try FieldQuery(fieldSelector)
            query.sortBy = try sortBy.map { try JSONPath(relaxed: $0) }
        } catch { throw Failure.input("\(error)") }
        return query
    }

    func run() throws {
        if watch || watchOnly { return try follow() }
        let (state, refusals) = try input.state()
        let listing = ResourceListing(try query(state), of: state)
        var out = StandardOutput()
        out.write(listing.text)
        out.flush()
        for message in listing.messages { StandardError.write("\(message)\n") }
        if !listing.isComplete { throw Failure.no() }
        try refusals.conclude()
    }

    /// Shows the objects, and every change up to the moment asked for: unless told, to the end of what the last step began.
    private func follow() throws {
        var (run, refusals) = try input.run()
        let query = try query(run.state)
        var watch: ResourceWatch
        do { watch = try ResourceWatch(query, showsEvents: outputWatchEvents) } catch { throw Failure.input("\(error)") }
        if sortBy != nil {
            let rest = watchOnly ? "" : " for watch events received"
            StandardError.write("warning: --watch\(watchOnly ? "-only" : "") requested, --sort-by will be ignored\(rest)\n")
        }
        let listing = ResourceListing(query, of: run.state)
        if !listing.isComplete {
            for message in listing.messages { StandardError.write("\(message)\n") }
            throw Failure.no()
        }
        var out = StandardOutput()
        if !watchOnly { out.write(watch.text(of: listing, in: run.state)) }
        watch.begin(&run)
        let last = try input.moment(run.scenario) ?? 0
        let end = input.at == nil ? last + 600 : last
        while let moment = run.nextMoment, moment <= end {
            if moment > last, input.at == nil {
                guard let progress = run.nextProgress, progress <= end else { break }
            }
            run.advance(to: max(moment, run.elapsed))
            out.write(watch.text(ofChangesIn: &run))
            out.flush()
            for problem in run.takeProblems() { StandardError.write("\(problem)\n") }
        }
        out.flush()
        try refusals.conclude()
    }
}
