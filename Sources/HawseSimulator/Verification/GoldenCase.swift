import Foundation
import HawseCapture
import HawseFormats
import HawseModel
import HawseWire

/// One golden case: a folder with what a node looked like, what it was fed, and what the kernel did.
public struct GoldenCase {
    public var directory: String
    public var file: CaseFile
    public var spec: NodeSpec
    public var steps: [CaseStep]
    public var observations: [CaseObservation]
    /// Of the file `ipvs`, in the order in which they were run.
    public var ipvsCommands: [IPVSCommand] = []

    public var name: String { file.suite + "/" + file.name }

    public var free: [FreeField] {
        file.free.map {
            FreeField(field: $0.field, interface: $0.interface, frames: $0.frames.map(Set.init), range: $0.range, of: $0.of)
        }
    }

    public init(directory: String) throws {
        self.directory = directory
        file = try CaseFile(contentsOf: directory + "/case.json")
        spec = file.spec
        try NodeTexts.read(into: &spec, from: directory)
        let files = FileManager.default
        if let data = files.contents(atPath: directory + "/ipvs") {
            ipvsCommands = try IPVSAdmParser(file: directory + "/ipvs").commands(String(decoding: data, as: UTF8.self))
        }
        steps = files.fileExists(atPath: directory + "/steps.json") ? try CaseStep.load(directory + "/steps.json") : []
        let states = directory + "/expect/states.jsonl"
        observations = files.fileExists(atPath: states) ? try CaseObservation.load(states) : []
    }

    /// Sockets of the node's processes: who sends UDP from a port also hears what comes to it.
    var localSockets: [Listener] {
        guard var reader = try? CaptureReader(path: directory + "/in/local.pcap") else { return [] }
        var sockets: Set<Listener> = []
        while let record = try? reader.next() {
            let bytes = record.bytes
            guard bytes.count >= 28, bytes[0] >> 4 == 4, bytes[9] == IPProtocol.udp.rawValue else { continue }
            let header = Int(bytes[0] & 15) * 4
            guard bytes.count >= header + 2, let address = IPAddress(bytes: Array(bytes[12..<16])) else { continue }
            let port = UInt16(bytes[header]) << 8 | UInt16(bytes[header + 1])
            sockets.insert(Listener(ipProtocol: .udp, family: .ipv4, address: address, port: port))
        }
        return sockets.sorted { ($0.port, $0.address?.bits ?? .zero) < ($1.port, $1.address?.bits ?? .zero) }
    }

    /// Names in a sub-folder with a suffix, sorted.
    func files(in folder: String, suffix: String = "") -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory + "/" + folder)) ?? [])
            .filter { $0.hasSuffix(suffix) }.sorted()
    }

    /// Case folders among `paths`, each of which is one or holds some at any depth; sorted within a path.
    public static func directories(_ paths: [String]) throws(FormatError) -> [String] {
        var found: [String] = []
        for path in paths {
            let inside = search(path.hasSuffix("/") ? String(path.dropLast()) : path, depth: 0)
            if inside.isEmpty { throw FormatError(file: path, line: 1, message: "no case.json here or below") }
            found += inside
        }
        return found
    }

    private static func search(_ path: String, depth: Int) -> [String] {
        if FileManager.default.fileExists(atPath: path + "/case.json") { return [path] }
        guard depth < 4, let names = try? FileManager.default.contentsOfDirectory(atPath: path) else { return [] }
        return names.sorted().flatMap { search(path + "/" + $0, depth: depth + 1) }
    }
}
