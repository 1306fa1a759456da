import HawseModel

extension Flannel {
    /// Keeps a node's lease alive: renewed an hour before its end, tried again every minute when that fails.
    public struct LeaseKeeper: Sendable {
        public enum Outcome: Hashable, Sendable {
            case nothing
            case renewed
            /// The registry did not take it; the next try is a minute later.
            case failed(RegistryError)
            /// The lease ran out meanwhile.
            case expired
        }

        /// Nanoseconds before its end at which a lease is renewed (`--subnet-lease-renew-margin`, 60 minutes).
        public var margin: Int64 = .seconds(3600)
        public private(set) var lease: Lease
        private var retry: Instant?

        public init(_ lease: Lease, margin: Int64 = .seconds(3600)) {
            self.lease = lease
            self.margin = margin
        }

        /// When something is to be done next; never for reservations.
        public var due: Instant {
            guard let end = lease.expiration else { return .distantFuture }
            return retry ?? Instant(nanoseconds: end.nanoseconds.subtractingReportingOverflow(margin).partialValue)
        }

        public mutating func advance(to now: Instant, _ registry: some SubnetRegistry) -> Outcome {
            guard due <= now else { return .nothing }
            if let end = lease.expiration, end <= now { return .expired }
            do throws(RegistryError) {
                lease = try registry.renew(lease, at: now)
                retry = nil
                return .renewed
            } catch {
                retry = now + .seconds(60)
                return .failed(error)
            }
        }
    }
}
