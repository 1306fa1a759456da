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
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, ndjson }

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

    @Option(help: "Clients of the generated load.")
    var clients = 200

    @Option(help: "Connections a second of the generated load.")
    var rate = 50.0

    @Option(help: "Seconds of generated load.")
    var seconds = 60.0

    @Option(name: .customLong("mean-duration"), help: "Mean seconds of a generated connection.")
    var meanDuration = 5.0

    @Option(help: "0: all clients alike; 1: the n-th comes with a frequency of 1/n.")
    var skew = 0.0

    @Option(help: ArgumentHelp("A setting of every contender, as net.ipv4.vs.conn_reuse_mode=0. Repeatable.", valueName: "NAME=VALUE"))
    var sysctl: [String] = []

    @Option(help: ArgumentHelp("The same seed and input give the same output.", valueName: "N"))
    var seed: UInt64 = 1

    @Option(help: "table or ndjson.")
    var format: Format = .table

    @Option(help: ArgumentHelp("Also draw the connections over time.", valueName: "FILE"))
    var svg: String?

    func validate() throws {
        if clients < 1 || clients > 130_000 { throw ValidationError("--clients must be from 1 to 130000") }
        if !(rate > 0 && rate <= 1_000_000) { throw ValidationError("--rate must be above 0, up to 1000000") }
        if !(seconds > 0 && seconds <= 86_400) { throw ValidationError("--seconds must be above 0, up to 86400") }
        if !(meanDuration > 0 && meanDuration <= 86_400) { throw ValidationError("--mean-duration must be above 0, up to 86400") }
        if !(skew >= 0 && skew <= 1) { throw ValidationError("--skew must be from 0 to 1") }
    }

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
            generator.clients = clients
            generator.rate = rate
            generator.seconds = seconds
            generator.meanDuration = meanDuration
            generator.skew = skew
            generator.seed = seed
            load = StudyLoad(generator)
        }
        if load.flows.isEmpty { throw Failure.input("there are no connections to port \(port) in the load") }
        let study = SchedulerStudy(
            service: chosen, contenders: try contenders(), load: load, changes: try change.map(parseChange),
            interval: max(load.duration / 300, 100_000_000), sysctls: try settings(), seed: seed)
        let result = try study.run()
        var out = StandardOutput()
        out.write(format == .table ? result.table : result.ndjson)
        out.flush()
        if let svg { try TextFile.write(result.svg, to: svg) }
    }

    private func settings() throws -> [String: String] {
        var settings: [String: String] = [:]
        for text in sysctl {
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0].hasPrefix("net.") else {
                throw Failure.input("--sysctl: `\(text)' is not of the form net.NAME=VALUE")
            }
            guard Int(parts[1]) != nil || !parts[0].hasPrefix("net.ipv4.vs.") || parts[1].contains(" ") else {
                throw Failure.input("--sysctl: \(parts[0]): `\(parts[1])' is no number")
            }
            settings[String(parts[0])] = String(parts[1])
        }
        return settings
    }

    private func chooseService() throws -> VirtualService {
        guard let text = TextFile.read(ipvs) else { throw Failure.input("\(ipvs): cannot be read") }
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
