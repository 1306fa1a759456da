/// `ValidateLease` of `pkg/apis/coordination/validation`. Strategies of coordinated elections are dropped before, since the
/// gate for them is off.
enum LeaseValidation {
    static func check(_ lease: Kubernetes.Lease) -> [FieldError] {
        var errors = MetadataValidation.check(lease.metadata, name: NameFormat.subdomain)
        if let seconds = lease.spec.leaseDurationSeconds, seconds <= 0 {
            errors.append(.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
        }
        return errors + WorkloadValidation.nonnegative(lease.spec.leaseTransitions, "spec.leaseTransitions")
    }
}
