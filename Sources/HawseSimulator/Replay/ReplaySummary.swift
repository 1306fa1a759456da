import HawseDataplane

/// What a replay came to.
public struct ReplaySummary: Sendable {
    public struct Service: Hashable, Sendable {
        public var name: String
        public var packets = 0
        public var flows = 0
        /// Flows by endpoint, `namespace/pod`.
        public var endpoints: [String: Int] = [:]
        /// Packets of requests that reached no endpoint.
        public var undelivered = 0

        init(name: String) { self.name = name }
    }

    public var packets = 0
    /// Requests and other packets as captured, put in where their sender is.
    public var requests = 0
    /// Packets of servers, sent by the pod that the request was given to.
    public var replies = 0
    public var repliesArrived = 0
    /// Replies whose request reached no pod: there is nobody to send them.
    public var orphanReplies = 0
    /// Not IP, or too short.
    public var notIP = 0
    public var services: [String: Service] = [:]
    /// By node: transmitted, delivered, consumed, and drops by reason.
    public var outcomes: [(node: String, counts: OutcomeCounts)] = []

    init() {}

    mutating func service(_ name: String, _ change: (inout Service) -> Void) {
        change(&services[name, default: Service(name: name)])
    }
}
