import HawseModel
import HawseWire

extension Flannel {
    /// Who gives a node its subnet and tells it of the others'. One instance a node.
    public protocol SubnetRegistry: AnyObject {
        func networkConfiguration() throws(RegistryError) -> NetworkConfiguration
        /// The node's lease: the one it has, or a new one.
        func acquire(_ attributes: LeaseAttributes, at now: Instant) throws(RegistryError) -> Lease
        /// A lease with a later end.
        func renew(_ lease: Lease, at now: Instant) throws(RegistryError) -> Lease
        /// What has happened to the subnets of *other* nodes since the last call; the first call tells all of them.
        func events(at now: Instant) throws(RegistryError) -> [LeaseEvent]
        /// Gives the subnet back.
        func release(_ lease: Lease, at now: Instant) throws(RegistryError)
    }

    public enum RegistryError: Error, Hashable, Sendable, CustomStringConvertible {
        /// The registry does not answer: what a node has learnt so far stays as it is.
        case unreachable(String)
        case configuration(ConfigurationError)
        case configurationMissing
        case outOfSubnets
        /// Others were faster, time after time.
        case tooManyRaces
        case notFound(String)
        /// A fault of the node's object, by field.
        case node(name: String, field: String, message: String)
        case unsupported(String)

        public var description: String {
            switch self {
            case .unreachable(let why): "the registry cannot be reached: \(why)"
            case .configuration(let error): error.description
            case .configurationMissing: "the registry holds no network configuration (key config)"
            case .outOfSubnets: "out of subnets: every subnet between SubnetMin and SubnetMax is leased"
            case .tooManyRaces: "no subnet could be had: other nodes took each one first"
            case .notFound(let key): "no lease \(key)"
            case .node(let name, let field, let message): "node \(name): \(field): \(message)"
            case .unsupported(let what): what
            }
        }
    }

    /// Where leases are kept: etcd, or memory. Revisions count changes, as etcd's do.
    public protocol LeaseStore: AnyObject {
        /// The text under `config`, as written; `nil` when there is none.
        func configurationText() throws(RegistryError) -> String?
        func leases(at now: Instant) throws(RegistryError) -> (leases: [Lease], revision: Int64)
        /// Creates a subnet's key when it is absent; `false` when it is there already.
        func create(_ lease: Lease, secondsToLive: Int64, at now: Instant) throws(RegistryError) -> Created
        /// Writes a subnet's key, whatever it held. 0 seconds: for ever.
        func update(_ lease: Lease, secondsToLive: Int64, at now: Instant) throws(RegistryError) -> Instant?
        func delete(_ key: SubnetKey, at now: Instant) throws(RegistryError)
        /// Changes after a revision, in order. `nil`: that far back nothing is known any more; list again.
        func events(after revision: Int64, at now: Instant) throws(RegistryError) -> StoreEvents?
    }

    public enum Created: Hashable, Sendable {
        case created(expiration: Instant?)
        case exists
    }

    public struct StoreEvents: Hashable, Sendable {
        public var events: [LeaseEvent]
        public var revision: Int64

        public init(events: [LeaseEvent], revision: Int64) {
            self.events = events
            self.revision = revision
        }
    }
}
