import Foundation
import HawseEtcd

#if canImport(Glibc)
import Glibc
#endif

/// An etcd of the test's own, on free ports of 127.0.0.1 and a temporary folder; stopped by its process.
final class EtcdServer {
    static let server = ["/usr/bin/etcd", "/usr/local/bin/etcd"].first { FileManager.default.isExecutableFile(atPath: $0) }
    static let control = ["/usr/bin/etcdctl", "/usr/local/bin/etcdctl"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    static var isInstalled: Bool { server != nil && control != nil }

    let endpoint: String
    let client: EtcdClient
    private let process = Process()
    private let directory: URL

    struct Failure: Error { var message: String }

    init() throws {
        guard let server = Self.server else { throw Failure(message: "no etcd") }
        directory = FileManager.default.temporaryDirectory.appending(path: "hawse-etcd-\(UUID().uuidString)")
        let (client, peer) = try Self.freePorts()
        endpoint = "http://127.0.0.1:\(client)"
        let peers = "http://127.0.0.1:\(peer)"
        self.client = EtcdClient(endpoint: URL(string: endpoint)!)
        process.executableURL = URL(filePath: server)
        process.arguments = [
            "--data-dir", directory.path, "--listen-client-urls", endpoint, "--advertise-client-urls", endpoint,
            "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster",
            "default=\(peers)", "--log-level", "error",
        ]
        process.environment = [:]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let deadline = Date().addingTimeInterval(20)
        while (try? self.client.range("ready")) == nil {
            guard Date() < deadline, process.isRunning else {
                stop()
                throw Failure(message: "etcd did not start")
            }
            usleep(50_000)
        }
    }

    deinit { stop() }

    func stop() {
        if process.isRunning {
            process.terminate()
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: directory)
    }

    /// Two ports that the kernel has just given out: both are held until both are known.
    private static func freePorts() throws -> (UInt16, UInt16) {
        var sockets: [Int32] = []
        defer { for descriptor in sockets { close(descriptor) } }
        var ports: [UInt16] = []
        for _ in 0..<2 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard descriptor >= 0 else { throw Failure(message: "no socket") }
            sockets.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let bound = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
                }
            }
            guard bound else { throw Failure(message: "no free port") }
            ports.append(UInt16(bigEndian: address.sin_port))
        }
        return (ports[0], ports[1])
    }

    /// Keys and values below a prefix, as etcdctl reads them back.
    func etcdctl(get prefix: String) throws -> [String: String] {
        let process = Process()
        process.executableURL = URL(filePath: Self.control ?? "")
        process.arguments = ["--endpoints", endpoint, "get", "--prefix", prefix]
        process.environment = ["ETCDCTL_API": "3"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
        return stride(from: 0, to: lines.count - 1, by: 2).reduce(into: [:]) { $0[lines[$1]] = lines[$1 + 1] }
    }

    func etcdctl(put key: String, _ value: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: Self.control ?? "")
        process.arguments = ["--endpoints", endpoint, "put", key, value]
        process.environment = ["ETCDCTL_API": "3"]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
    }
}
