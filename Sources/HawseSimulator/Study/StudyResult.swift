import HawseModel
import HawseWire

/// What a study found.
public struct StudyResult: Sendable {
    /// Nanoseconds.
    public var duration: Int64
    public var flowCount: Int
    public var contenders: [Contender]

    public struct Contender: Sendable {
        public var label: String
        public var servers: [Server]
        public var samples: [Sample]
        public var changes: [Change]
        /// Connections that found no server.
        public var refused = 0
        /// Packets of connections under way that the node swallowed.
        public var dropped = 0

        /// How many times the connections that its weights would have given it the busiest server got; 1 is even.
        public var imbalance: Double {
            servers.filter { $0.expected >= 1 }.map { Double($0.connections) / $0.expected }.max() ?? 1
        }
    }

    public struct Server: Sendable {
        public var address: IPAddress
        public var port: UInt16
        /// At the end; 0 for one that was removed.
        public var weight: Int32
        public var connections = 0
        /// Connections that its share of the weights, as they were at each connection, would have given it.
        public var expected = 0.0
        public var packets = 0
        public var bytes = 0
        public var peakActive = 0
        public var peakInactive = 0
        /// Of the scheduler's table at the end (dh, sh, mh); `nil`: it has none.
        public var tableShare: Double?

        public var name: String { address.description(port: port) }
    }

    /// Connections by server, in the order of `servers`.
    public struct Sample: Sendable {
        /// Nanoseconds from the beginning.
        public var time: Int64
        public var active: [Int]
        public var inactive: [Int]
    }

    public struct Change: Sendable {
        public var time: Int64
        public var label: String
        /// Connections under way at that moment.
        public var openFlows = 0
        /// Of these, those that went on with another server …
        public var movedFlows = 0
        /// … and those of which a packet was swallowed or refused.
        public var droppedFlows = 0
        /// Clients with a connection before and one after (until the next change), and how many changed their server.
        public var returningClients = 0
        public var movedClients = 0
        /// New connections refused until the next change.
        public var refused = 0
        /// Slots of the scheduler's table that changed hands, of how many.
        public var movedSlots: Int?
        public var slots: Int?
    }
}
