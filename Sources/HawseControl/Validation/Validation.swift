/// The API server's checks of objects, after defaults: an empty list means that it would take the object.
public enum Validation {
    /// Switches of the cluster that change what it accepts; the defaults are those of 1.36.
    public struct Options: Sendable, Hashable {
        /// StrictIPCIDRValidation: old spellings of addresses, such as leading zeros, are refused.
        public var strictAddresses = true
        /// RelaxedServiceNameValidation: a Service's name may start with a digit.
        public var relaxedServiceNames = true
        /// PreferSameTrafficDistribution: knows PreferSameZone and PreferSameNode.
        public var newTrafficDistribution = true

        public init() {}
    }

    /// What is wrong with a new object.
    public static func check(_ object: any KubernetesObject) -> [FieldError] {
        check(object, old: nil, options: Options())
    }

    /// What is wrong with an object, which replaces `old` where given.
    public static func check(
        _ object: any KubernetesObject, old: (any KubernetesObject)?, options: Options = Options()
    ) -> [FieldError] {
        let errors: [FieldError]
        switch object {
        case let new as Kubernetes.Service:
            errors = ServiceValidation(options).check(new, old: old as? Kubernetes.Service)
        case let new as Kubernetes.EndpointSlice:
            errors = EndpointSliceValidation(options).check(new, old: old as? Kubernetes.EndpointSlice)
        case let new as Kubernetes.Endpoints:
            errors = EndpointsValidation(options).check(new, old: old as? Kubernetes.Endpoints)
        case let new as Kubernetes.Ingress:
            errors = IngressValidation(options).check(new, old: old as? Kubernetes.Ingress)
        case let new as Kubernetes.IngressClass:
            errors = IngressClassValidation.check(new, old: old as? Kubernetes.IngressClass)
        case let new as Kubernetes.NetworkPolicy:
            errors = NetworkPolicyValidation(options).check(new, old: old as? Kubernetes.NetworkPolicy)
        case let new as Kubernetes.ServiceCIDR:
            errors = ServiceRangeValidation.check(new, old: old as? Kubernetes.ServiceCIDR)
        case let new as Kubernetes.IPAddress:
            errors = ServiceRangeValidation.check(new, old: old as? Kubernetes.IPAddress)
        case let new as Kubernetes.Lease: errors = LeaseValidation.check(new)
        case let new as Kubernetes.Pod: errors = PodValidation.check(new, old: old as? Kubernetes.Pod)
        case let new as Kubernetes.Namespace:
            errors = MetadataValidation.check(new.metadata, isNamespaced: false, name: NameFormat.label)
                + MetadataValidation.namespaceFinalizers(new.spec.finalizers)
        case let new as Kubernetes.HorizontalPodAutoscaler:
            errors = AutoscalerValidation.check(new, old: old as? Kubernetes.HorizontalPodAutoscaler)
        case let new as Kubernetes.ConfigMap: errors = DataValidation.check(new, old: old as? Kubernetes.ConfigMap)
        case let new as Kubernetes.Secret: errors = DataValidation.check(new, old: old as? Kubernetes.Secret)
        case let new as Kubernetes.PriorityClass:
            errors = SchedulingValidation.check(new, old: old as? Kubernetes.PriorityClass)
        case let new as Kubernetes.PodDisruptionBudget: errors = SchedulingValidation.check(new)
        case let new as Kubernetes.Node: errors = NodeValidation.check(new, old: old as? Kubernetes.Node, options: options)
        default: errors = WorkloadValidation.check(object, old: old)
        }
        guard let old else { return errors }
        return MetadataValidation.checkUpdate(object.metadata, old: old.metadata) + errors
    }
}
