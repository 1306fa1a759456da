import HawseModel
import HawseWire

/// Clients of a scenario: who asks whom, how often.
public struct ClientApplication: Hashable, Sendable {
    public enum Source: Hashable, Sendable {
        /// By number in the plan.
        case pod(Int)
        case outside(IPAddress)
    }

    public var name: String
    public var source: Source
    public var destination: IPAddress
    public var port: UInt16
    public var kind: String
    public var host: String
    public var path: String
    /// Bytes of a request's body or of an echo.
    public var size: Int
    /// Conversations, one after another or overlapping as the interval has it.
    public var count: Int
    public var requests: Int
    public var start: Int64
    public var interval: Int64
    /// After so long without the answer that is due a conversation is given up.
    public var timeout: Int64
    /// Nanoseconds between an answer and the next request of a conversation.
    public var pause: Int64 = 0
    /// Nanoseconds after which a datagram without an answer is sent again; 0: never.
    public var retry: Int64 = 0
    /// The Service asked keeps a client at one endpoint (`sessionAffinity: ClientIP`).
    public var hasAffinity = false

    public init(
        name: String, source: Source, destination: IPAddress, port: UInt16, kind: String, host: String = "",
        path: String = "/", size: Int = 0, count: Int = 1, requests: Int = 1, start: Int64 = 0,
        interval: Int64 = .seconds(1), timeout: Int64 = .seconds(30)
    ) {
        self.name = name
        self.source = source
        self.destination = destination
        self.port = port
        self.kind = kind
        self.host = host
        self.path = path
        self.size = size
        self.count = count
        self.requests = requests
        self.start = start
        self.interval = interval
        self.timeout = timeout
    }
}

/// How one conversation went.
public struct ConversationResult: Hashable, Sendable {
    public enum Outcome: String, Hashable, Sendable, CaseIterable {
        case completed, refused, reset, timedOut = "timed out", wrong, unfinished
    }

    public var client: String
    public var number: Int
    public var tuple: FlowTuple
    /// Nanoseconds.
    public var started: Instant
    public var connected: Instant?
    public var ended: Instant?
    public var outcome = Outcome.unfinished
    public var answers = 0
    public var bytes = 0
    public var retransmissions = 0
    /// The HTTP server that answered last.
    public var server = ""
    /// Requests that the client wanted to make.
    public var requests = 1
    /// When the last thing came from the server; before that, when the conversation began.
    public var lastProgress = Instant.zero
    /// The servers that have answered, in order, where one took over from another.
    public var servers: [String] = []
    /// The node whose rules the client's packets meet first.
    public var node = 0
}
