import HawseModel
import HawseWire

/// Reads ipvsadm command lines: those of `ipvsadm --restore`, and single ones with or without the program's name.
public struct IPVSAdmParser: Sendable {
    /// Named in errors.
    public var file: String

    public init(file: String = "ipvs") { self.file = file }

    /// One command line, as `-A -t 10.0.0.1:80 -s rr` or `ipvsadm -A …`.
    public func command(_ line: some StringProtocol, number: Int = 1) throws(FormatError) -> IPVSCommand {
        let (command, unknown) = try read(line, number: number, rules: .shell)
        if let unknown { throw unknown }
        return command
    }

    /// With what the kernel would say of a name in it, if nothing else is wrong.
    private func read(
        _ line: some StringProtocol, number: Int, rules: WordRules
    ) throws(FormatError) -> (command: IPVSCommand, unknown: FormatError?) {
        let location = SourceLocation(file: file, line: number, column: 1)
        var tokens = try tokenize(line, rules: rules, at: location)
        if let first = tokens.first, first.text == "ipvsadm" || first.text.hasSuffix("/ipvsadm") {
            tokens.removeFirst()
        }
        var reader = IPVSAdmReader(tokens: tokens, location: location)
        let command = try reader.command()
        return (command, reader.unknownName)
    }

    /// The commands of a text in order; blank lines and comments are passed over.
    public func commands(_ text: some StringProtocol) throws(FormatError) -> [IPVSCommand] {
        if let refusal = TextForm.refusal(text, file: file, tool: "ipvsadm") { throw refusal.error }
        var commands: [IPVSCommand] = []
        for (number, line) in numberedLines(text) {
            let (command, unknown) = try read(line, number: number, rules: .plain)
            if let unknown { throw unknown }
            commands.append(command)
        }
        return commands
    }

    /// The virtual servers after this text.
    public func parse(_ text: some StringProtocol, onto base: IPVSSpec = IPVSSpec()) throws(FormatError)
        -> IPVSSpec
    {
        if let refusal = TextForm.refusal(text, file: file, tool: "ipvsadm") { throw refusal.error }
        var servers = IndexedServers(base)
        for (number, line) in numberedLines(text) {
            try apply(line, number: number, to: &servers)
        }
        return servers.spec
    }

    /// Reads on after an error: what could be understood, and everything that could not.
    public func diagnose(_ text: some StringProtocol) -> (spec: IPVSSpec, errors: [FormatError]) {
        var servers = IndexedServers(IPVSSpec())
        var errors: [FormatError] = []
        var text = String(text)
        if let refusal = TextForm.refusal(text, file: file, tool: "ipvsadm") {
            errors.append(refusal.error)
            if refusal.isWhole { return (servers.spec, errors) }
            text.unicodeScalars.removeFirst()
        }
        for (number, line) in numberedLines(text) {
            do throws(FormatError) {
                try apply(line, number: number, to: &servers)
            } catch {
                errors.append(error)
            }
        }
        return (servers.spec, errors)
    }

    private func apply(_ line: Substring, number: Int, to servers: inout IndexedServers) throws(FormatError) {
        let (command, unknown) = try read(line, number: number, rules: .plain)
        do throws(IPVSEditError) {
            // The kernel looks for the service before it asks for its scheduler.
            if unknown != nil { try servers.find(command) } else { try servers.apply(command) }
        } catch {
            throw FormatError(file: file, line: number, message: error.description)
        }
        if let unknown { throw unknown }
    }

    private func numberedLines(_ text: some StringProtocol) -> [(Int, Substring)] {
        textLines(text).enumerated().compactMap { index, line in
            let first = line.utf8.first { $0 != 0x20 && !(9...13).contains($0) }
            return first == nil || first == UInt8(ascii: "#") ? nil : (index + 1, line)
        }
    }
}

/// Virtual servers that are found by key: most commands of a saved text add something.
private struct IndexedServers {
    private(set) var spec: IPVSSpec
    private var places: [VirtualService.Key: Int] = [:]
    private var daemons: Set<IPVSSyncDaemon.Role> = []

    init(_ spec: IPVSSpec) {
        self.spec = spec
        findPlaces()
    }

    private mutating func findPlaces() {
        places = Dictionary(
            spec.services.enumerated().map { ($0.element.key, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whether there is the service that a command wants to add, or is not the one it wants to change.
    func find(_ command: IPVSCommand) throws(IPVSEditError) {
        switch command {
        case .addService(let service): if places[service.key] != nil { throw .serviceExists }
        case .editService(let service): if places[service.key] == nil { throw .noSuchService }
        default: break
        }
    }

    /// The same as the spec's own `apply`, and which daemons run.
    mutating func apply(_ command: IPVSCommand) throws(IPVSEditError) {
        switch command {
        case .addService(let service):
            guard places[service.key] == nil else { return try spec.apply(command) }
            places[service.key] = spec.services.count
            spec.services.append(service)
        case .addDestination(let key, let destination):
            guard let place = places[key], !spec.services[place].destinations.contains(where: { $0.isSame(destination) })
            else { return try spec.apply(command) }
            guard destination.isHost else { throw .notUnicast }
            spec.services[place].destinations.append(destination)
        case .startDaemon(let daemon): if !daemons.insert(daemon.role).inserted { throw .daemonRunning }
        case .stopDaemon(let role): if daemons.remove(role) == nil { throw .daemonNotRunning }
        default:
            try spec.apply(command)
            findPlaces()
        }
    }
}
