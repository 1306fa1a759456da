import Foundation
import Synchronization

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// etcd's v3 API over its HTTP/JSON gateway: as much of it as flannel's registry needs. Calls block.
public final class EtcdClient: Sendable {
    public let endpoint: URL
    /// Seconds that a call may take.
    public let timeout: Double
    private let session: URLSession

    /// `endpoint` is a client URL of the server: `http://127.0.0.1:2379`.
    public init(endpoint: URL, timeout: Double = 5) {
        self.endpoint = endpoint
        self.timeout = timeout
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = timeout
        session = URLSession(configuration: configuration)
    }

    deinit { session.invalidateAndCancel() }

    public struct Item: Hashable, Sendable {
        public var key: String
        public var value: String
        public var lease: Int64
        public var modRevision: Int64
    }

    /// The items of a key, or of every key that begins with it, and the store's revision.
    public func range(_ key: String, isPrefix: Bool = false) throws(EtcdError) -> (items: [Item], revision: Int64) {
        var body = ["key": Self.base64(key)]
        if isPrefix { body["range_end"] = Self.base64End(ofPrefix: key) }
        let response: EtcdMessage.RangeResponse = try call("kv/range", body)
        let items = (response.kvs ?? []).map {
            Item(
                key: $0.key?.text ?? "", value: $0.value?.text ?? "", lease: $0.lease?.value ?? 0,
                modRevision: $0.modRevision?.value ?? 0)
        }
        return (items, response.header?.revision?.value ?? 0)
    }

    public func put(_ key: String, _ value: String, lease: Int64 = 0) throws(EtcdError) {
        var body = ["key": Self.base64(key), "value": Self.base64(value)]
        if lease != 0 { body["lease"] = "\(lease)" }
        let _: EtcdMessage.Empty = try call("kv/put", body)
    }

    public func delete(_ key: String) throws(EtcdError) {
        let _: EtcdMessage.Empty = try call("kv/deleterange", ["key": Self.base64(key)])
    }

    /// Puts a key only where it does not exist; whether it was put.
    public func create(_ key: String, _ value: String, lease: Int64) throws(EtcdError) -> Bool {
        let put = PutOperation(requestPut: .init(key: Self.base64(key), value: Self.base64(value), lease: "\(lease)"))
        let isAbsent = Comparison(key: Self.base64(key))
        let response: EtcdMessage.TransactionResponse = try call(
            "kv/txn", Transaction(compare: [isAbsent], success: [put]))
        return response.succeeded ?? false
    }

    /// A new lease; its number and the seconds that the server gives it.
    public func grant(seconds: Int64) throws(EtcdError) -> (id: Int64, seconds: Int64) {
        let response: EtcdMessage.LeaseResponse = try call("lease/grant", ["TTL": "\(seconds)"])
        guard let id = response.id?.value else { throw .malformed("a lease without ID") }
        return (id, response.timeToLive?.value ?? seconds)
    }

    public func revoke(_ lease: Int64) throws(EtcdError) {
        let _: EtcdMessage.Empty = try call("lease/revoke", ["ID": "\(lease)"])
    }

    /// Seconds that a lease has left; `nil` when it is gone.
    public func secondsLeft(_ lease: Int64) throws(EtcdError) -> Int64? {
        let response: EtcdMessage.LeaseResponse = try call("lease/timetolive", ["ID": "\(lease)"])
        guard let left = response.timeToLive?.value, left >= 0 else { return nil }
        return left
    }

    /// Forgets the history before a revision.
    public func compact(before revision: Int64) throws(EtcdError) {
        let _: EtcdMessage.Empty = try call("kv/compaction", Compaction(revision: "\(revision)"))
    }

    /// Changes of keys that begin with `prefix`, from a revision on, until the watch is stopped.
    public func watch(prefix: String, from revision: Int64) -> EtcdWatch {
        EtcdWatch(
            url: url("watch"), key: Self.base64(prefix), end: Self.base64End(ofPrefix: prefix), revision: revision)
    }

    private func url(_ path: String) -> URL { endpoint.appendingPathComponent("v3/" + path) }

    private func call<Body: Encodable, Answer: Decodable>(_ path: String, _ body: Body) throws(EtcdError) -> Answer {
        var request = URLRequest(url: url(path))
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        do { request.httpBody = try JSONEncoder().encode(body) } catch { throw .malformed("\(error)") }
        let box = Outcome()
        let done = DispatchSemaphore(value: 0)
        let task = session.dataTask(with: request) { data, response, error in
            let result: Result<(Int, Data), EtcdError> =
                if let http = response as? HTTPURLResponse, error == nil {
                    .success((http.statusCode, data ?? Data()))
                } else {
                    .failure(.unreachable(error?.localizedDescription ?? "no answer"))
                }
            box.set(result)
            done.signal()
        }
        task.resume()
        done.wait()
        let (status, data) = try box.get().get()
        guard status == 200 else {
            let failure = try? JSONDecoder().decode(EtcdMessage.Failure.self, from: data)
            throw .refused(status: status, message: failure?.message ?? failure?.error ?? "")
        }
        do { return try JSONDecoder().decode(Answer.self, from: data) } catch { throw .malformed("\(error)") }
    }

    static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    /// The first key behind all that begin with a prefix.
    static func base64End(ofPrefix prefix: String) -> String {
        var bytes = Array(prefix.utf8)
        while let last = bytes.popLast() {
            if last < 0xff {
                bytes.append(last + 1)
                return Data(bytes).base64EncodedString()
            }
        }
        return Data([0]).base64EncodedString()
    }
}

/// One answer, handed from the session's thread to the caller's.
private final class Outcome: Sendable {
    private let result: Mutex<Result<(Int, Data), EtcdError>>

    init() { result = Mutex(.failure(.unreachable("no answer"))) }

    func set(_ value: Result<(Int, Data), EtcdError>) { result.withLock { $0 = value } }
    func get() -> Result<(Int, Data), EtcdError> { result.withLock { $0 } }
}

extension EtcdClient {
    struct Transaction: Encodable {
        var compare: [Comparison]
        var success: [PutOperation]
    }

    /// The key's version is 0: it does not exist.
    struct Comparison: Encodable {
        var target = "VERSION"
        var result = "EQUAL"
        var key: String
        var version = "0"
    }

    struct PutOperation: Encodable {
        struct Put: Encodable {
            var key: String
            var value: String
            var lease: String
        }

        var requestPut: Put
    }

    struct Compaction: Encodable {
        var revision: String
        var physical = true
    }
}
