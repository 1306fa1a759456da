import Foundation
import Synchronization

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// A watch: a stream of changes that etcd writes as lines of JSON for as long as it is open.
///
/// Changes pile up until they are taken. A stream that breaks is opened again behind the last change it told.
public final class EtcdWatch: NSObject, URLSessionDataDelegate, Sendable {
    public struct Change: Hashable, Sendable {
        public var key: String
        /// `nil`: the key was deleted, or its lease ended.
        public var value: String?
        public var lease: Int64
        public var revision: Int64
    }

    private struct State {
        var changes: [Change] = []
        var pending = Data()
        /// Everything up to here has been told.
        var revision: Int64
        var isCompacted = false
        var isOpen = false
        var isStopped = false
        var failures = 0
        var task: URLSessionDataTask?
    }

    private let url: URL
    private let key: String
    private let end: String
    private let state: Mutex<State>
    private let session: Mutex<URLSession?>
    private let news = DispatchSemaphore(value: 0)

    init(url: URL, key: String, end: String, revision: Int64) {
        self.url = url
        self.key = key
        self.end = end
        state = Mutex(State(revision: revision - 1))
        session = Mutex(nil)
        super.init()
        let configuration = URLSessionConfiguration.ephemeral
        // A quiet stream is no dead one.
        configuration.timeoutIntervalForRequest = 7 * 86_400
        configuration.timeoutIntervalForResource = 365 * 86_400
        let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
        self.session.withLock { $0 = session }
        open()
    }

    private struct Request: Encodable {
        enum CodingKeys: String, CodingKey { case createRequest = "create_request" }

        struct Create: Encodable {
            enum CodingKeys: String, CodingKey {
                case key
                case rangeEnd = "range_end"
                case startRevision = "start_revision"
            }

            var key: String
            var rangeEnd: String
            var startRevision: String
        }

        var createRequest: Create
    }

    private func open() {
        let next = state.withLock { state in
            state.pending.removeAll()
            return state.isStopped ? nil : state.revision + 1
        }
        guard let next, let session = session.withLock({ $0 }) else { return }
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let body = Request(createRequest: .init(key: key, rangeEnd: end, startRevision: "\(next)"))
        request.httpBody = try? JSONEncoder().encode(body)
        let task = session.dataTask(with: request)
        state.withLock { $0.task = task }
        task.resume()
    }

    /// Ends the stream.
    public func stop() {
        state.withLock { state in
            state.isStopped = true
            state.task?.cancel()
        }
        session.withLock { session in
            session?.invalidateAndCancel()
            session = nil
        }
    }

    /// What has come since the last call. `nil`: history was forgotten before it could be read; list again.
    public func take() -> (changes: [Change], revision: Int64)? {
        state.withLock { state in
            if state.isCompacted { return nil }
            defer { state.changes.removeAll() }
            return (state.changes, state.revision)
        }
    }

    /// Waits until something has come, at most so many seconds; whether it has.
    public func wait(seconds: Double) -> Bool {
        let deadline = DispatchTime.now() + seconds
        repeat {
            if state.withLock({ !$0.changes.isEmpty || $0.isCompacted }) { return true }
        } while news.wait(timeout: deadline) == .success
        return state.withLock { !$0.changes.isEmpty || $0.isCompacted }
    }

    public func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let hasNews = state.withLock { state in
            guard state.task === dataTask else { return false }
            state.pending.append(data)
            var hasNews = false
            while let newline = state.pending.firstIndex(of: 10) {
                let line = Data(state.pending[state.pending.startIndex..<newline])
                state.pending.removeSubrange(state.pending.startIndex...newline)
                hasNews = Self.read(line, into: &state) || hasNews
            }
            return hasNews
        }
        if hasNews { news.signal() }
    }

    private static func read(_ line: Data, into state: inout State) -> Bool {
        guard let message = try? JSONDecoder().decode(EtcdMessage.WatchMessage.self, from: line),
            let result = message.result
        else { return false }
        if let compacted = result.compactRevision?.value, compacted > 0 {
            state.isCompacted = true
            return true
        }
        if result.created == true {
            state.isOpen = true
            state.failures = 0
        }
        for event in result.events ?? [] {
            guard let kv = event.kv, let key = kv.key?.text else { continue }
            let revision = kv.modRevision?.value ?? result.header?.revision?.value ?? state.revision
            state.changes.append(
                Change(
                    key: key, value: event.type == "DELETE" ? nil : kv.value?.text ?? "", lease: kv.lease?.value ?? 0,
                    revision: revision))
            state.revision = max(state.revision, revision)
        }
        return !(result.events ?? []).isEmpty
    }

    public func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        let delay = state.withLock { state -> Double? in
            guard !state.isStopped, !state.isCompacted else { return nil }
            state.isOpen = false
            state.failures = min(state.failures + 1, 7)
            // 0.1 s, doubled up to 5 s.
            return min(5, 0.05 * Double(1 << state.failures))
        }
        guard let delay else { return }
        DispatchQueue.global().asyncAfter(deadline: .now() + delay) { [weak self] in self?.open() }
    }
}
