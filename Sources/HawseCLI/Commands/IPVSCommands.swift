import ArgumentParser
import Hawse

/// `hawse ipvs …`
struct IPVSCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ipvs", abstract: "The virtual server by itself.", subcommands: [IPVSSimulate.self, IPVSList.self, IPVSSave.self])
}

struct IPVSSimulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "The same load through several schedulers side by side.",
        discussion: """
            Takes a service with its real servers from an ipvsadm-save file, and sends it the connections of a capture, or \
            generated ones. For every scheduler: who got how much, how even it was, and what each change of the servers did to \
            the flows under way. A scheduler may carry its flags: mh:mh-port,mh-fallback is written mh:mh-port+mh-fallback.

              hawse ipvs simulate --ipvs service.ipvs --schedulers wrr,wlc,sh,mh:mh-port
              hawse ipvs simulate --ipvs service.ipvs --schedulers sh,mh --change '30 -d -t 10.96.0.10:80 -r 10.1.0.12:8080'
              hawse ipvs simulate --ipvs service.ipvs -r clients.pcap --format ndjson --svg plot.svg
              hawse ipvs simulate --ipvs service.ipvs --format csv --series connections.csv
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, csv, ndjson }

    @Option(help: ArgumentHelp("Services in the form of ipvsadm --save -n.", valueName: "FILE"))
    var ipvs: String

    @Option(help: ArgumentHelp("Which service, when there are several: its number in the file, from 1.", valueName: "N"))
    var service = 1

    @Option(help: ArgumentHelp("Schedulers, parted by commas.", valueName: "LIST"))
    var schedulers = "rr,wrr,lc,wlc,sh,mh"

    @Option(help: ArgumentHelp("A change of the servers: seconds, then an ipvsadm command.", valueName: "'SECONDS COMMAND'"))
    var change: [String] = []

    @Option(name: [.customShort("r"), .customLong("read")], help: ArgumentHelp("A capture whose connections are the load.", valueName: "FILE"))
    var capture: String?

    @Option(help: ArgumentHelp("Clients of the generated load; 200 unless given.", valueName: "N"))
    var clients: Int?

    @Option(help: ArgumentHelp("Connections a second of the generated load; 50 unless given.", valueName: "N"))
    var rate: Double?

    @Option(help: ArgumentHelp("Seconds of generated load; 60 unless given.", valueName: "SECONDS"))
    var seconds: Double?

    @Option(name: .customLong("mean-duration"), help: ArgumentHelp("Mean seconds of a generated connection; 5 unless given.", valueName: "SECONDS"))
    var meanDuration: Double?

    @Option(help: ArgumentHelp("0, unless given: all clients alike; 1: the n-th comes with a frequency of 1/n.", valueName: "N"))
    var skew: Double?

    @Option(help: ArgumentHelp("A setting of every contender, as net.ipv4.vs.conn_reuse_mode=0. Repeatable.", valueName: "NAME=VALUE"))
    var sysctl: [String] = []

    @Option(help: ArgumentHelp("The same seed and input give the same output.", valueName: "N"))
    var seed: UInt64 = 1

    @Option(help: "table, csv (a line a scheduler and server) or ndjson.")
    var format: Format = .table

    @Option(help: ArgumentHelp("Also the connections over time as CSV, a line a scheduler, moment and server; - for stdout.", valueName: "FILE.csv"))
    var series: String?

    @Option(help: ArgumentHelp("Also draw the connections over time; - for stdout.", valueName: "FILE.svg"))
    var svg: String?

    func validate() throws {
        if capture != nil, clients != nil || rate != nil || seconds != nil || meanDuration != nil || skew != nil {
            throw ValidationError("--clients, --rate, --seconds, --mean-duration and --skew make a load; -r has one")
        }
        if !(1...130_000).contains(clients ?? 1) { throw ValidationError("--clients must be from 1 to 130000") }
        if !isWithin(rate, 1_000_000) { throw ValidationError("--rate must be above 0, up to 1000000") }
        if !isWithin(seconds, 86_400) { throw ValidationError("--seconds must be above 0, up to 86400") }
        if !isWithin(meanDuration, 86_400) { throw ValidationError("--mean-duration must be above 0, up to 86400") }
        if svg == "-", series == "-" { throw ValidationError("--svg and --series cannot both have stdout") }
        if schedulers.allSatisfy({ $0 == "," || $0 == " " }) { throw ValidationError("--schedulers: none is given") }
        if !(0...1).contains(skew ?? 0) { throw ValidationError("--skew must be from 0 to 1") }
    }

    private func isWithin(_ value: Double?, _ limit: Double) -> Bool { value.map { $0 > 0 && $0 <= limit } ?? true }

    func run() throws {
        let chosen = try chooseService()
        guard case .address(let ipProtocol, let address, let port) = chosen.key else {
            throw Failure.input("--service: a firewall-mark service cannot be simulated by itself")
        }
        let load: StudyLoad
        if let capture {
            load = try StudyLoad(capture: capture, port: port, ipProtocol: ipProtocol)
        } else {
            var generator = StudyLoad.Generator()
            generator.family = address.family
            generator.clients = clients ?? 200
            generator.rate = rate ?? 50
            generator.seconds = seconds ?? 60
            generator.meanDuration = meanDuration ?? 5
            generator.skew = skew ?? 0
            generator.seed = seed
            load = StudyLoad(generator)
        }
        if load.flows.isEmpty { throw Failure.input("there are no connections to port \(port) in the load") }
        let changes = try change.map(parseChange).sorted { $0.time < $1.time }
        try check(changes, of: chosen)
        let study = SchedulerStudy(
            service: chosen, contenders: try contenders(), load: load, changes: changes,
            interval: max(load.duration / 300, 100_000_000), sysctls: try settings(), seed: seed)
        let result = try study.run()
        var out = StandardOutput()
        if svg == "-" || series == "-" {
            out.write(svg == "-" ? result.svg : result.series)
        } else {
            switch format {
            case .table: out.write(result.table)
            case .csv: out.write(result.csv)
            case .ndjson: out.write(result.ndjson)
            }
        }
        out.flush()
        if let svg, svg != "-" { try TextFile.write(result.svg, to: svg) }
        if let series, series != "-" { try TextFile.write(result.series, to: series) }
    }

    /// Carries the changes out on the service's servers, so that one that names another is told of at once.
    private func check(_ changes: [SchedulerStudy.Change], of service: VirtualService) throws {
        var spec = IPVSSpec(services: [service])
        for change in changes {
            let servers = spec.services.first?.destinations.map { $0.address.description(port: $0.port) } ?? []
            do throws(IPVSEditError) { try spec.apply(change.command) } catch {
                let known =
                    switch error {
                    case .serviceNotDefined, .noSuchService: "the service is \(Self.name(service.key))"
                    case .noSuchDestination: "its servers then are \(servers.joined(separator: ", "))"
                    default: ""
                    }
                throw Failure.input("--change: \(change.label): \(error)" + (known.isEmpty ? "" : " (\(known))"))
            }
            guard spec.services.first?.key == service.key else {
                throw Failure.input("--change: \(change.label): the service itself has to stay")
            }
        }
    }

    private static func name(_ key: VirtualService.Key) -> String {
        switch key {
        case .address(let ipProtocol, let address, let port): "\(address.description(port: port)), \(ipProtocol.text)"
        case .mark(let mark, _): "mark \(mark)"
        }
    }

    private func settings() throws -> [String: String] {
        var settings: [String: String] = [:]
        for text in sysctl {
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0].hasPrefix("net.") else {
                throw Failure.input("--sysctl: `\(text)' is not of the form net.NAME=VALUE")
            }
            if let objection = Sysctls.objection(to: String(parts[0]), value: String(parts[1])) {
                throw Failure.input("--sysctl: \(objection.message)" + (objection.suggestion.map { " (did you mean `\($0)'?)" } ?? ""))
            }
            settings[String(parts[0])] = String(parts[1])
        }
        return settings
    }

    private func chooseService() throws -> VirtualService {
        let text = try TextFile.read(ipvs)
        let services = try IPVSAdmParser(file: ipvs).parse(text).services
        guard service >= 1, service <= services.count else {
            throw Failure.input("--service: \(ipvs) has \(services.count) services")
        }
        return services[service - 1]
    }

    /// `mh:mh-port+mh-fallback`
    private func contenders() throws -> [SchedulerStudy.Contender] {
        try schedulers.split(separator: ",").map { word in
            let parts = word.split(separator: ":", maxSplits: 1)
            guard let name = parts.first, let scheduler = VirtualService.Scheduler(rawValue: String(name)) else {
                let known = VirtualService.Scheduler.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure.input("--schedulers: there is no scheduler `\(word)' (there are \(known))")
            }
            var flags: VirtualService.Flags = []
            for flag in parts.count > 1 ? parts[1].split(separator: "+") : [] {
                switch flag {
                case "\(name)-fallback", "flag-1": flags.insert(.schedule1)
                case "\(name)-port", "flag-2": flags.insert(.schedule2)
                case "flag-3": flags.insert(.schedule3)
                default: throw Failure.input("--schedulers: \(name) has no flag `\(flag)'")
                }
            }
            return SchedulerStudy.Contender(scheduler, flags: flags, label: String(word))
        }
    }

    private func parseChange(_ text: String) throws -> SchedulerStudy.Change {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let seconds = Double(parts[0]), seconds >= 0, seconds <= 86_400 else {
            throw Failure.input("--change: `\(text)' is not a number of seconds and an ipvsadm command")
        }
        let command = try IPVSAdmParser(file: "--change").command(parts[1])
        return SchedulerStudy.Change(
            time: Int64(seconds * 1e9), command: command, label: String(parts[1]))
    }
}
