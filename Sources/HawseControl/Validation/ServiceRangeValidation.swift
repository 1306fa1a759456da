import HawseWire

/// ServiceCIDRs and the IPAddresses taken from them (`pkg/apis/networking/validation`).
enum ServiceRangeValidation {
    static func check(_ object: Kubernetes.ServiceCIDR, old: Kubernetes.ServiceCIDR?) -> [FieldError] {
        let errors = MetadataValidation.check(object.metadata, isNamespaced: false, name: NameFormat.subdomain)
        guard let old else { return errors + ranges(object.spec.cidrs) }
        return errors + changes(object.spec.cidrs, old.spec.cidrs)
    }

    private static let path = "spec.cidrs"

    private static func list(_ ranges: [String]) -> String { JSONWriter.compact(ranges.written()) }

    private static func ranges(_ ranges: [String]) -> [FieldError] {
        if ranges.isEmpty { return [.required(path, "at least one CIDR required")] }
        if ranges.count > 2 {
            return [.invalid(path, json: "{\"CIDRs\":\(list(ranges))}", "may only hold up to 2 values")]
        }
        var errors = ranges.enumerated().flatMap { AddressFormat.canonicalRangeProblems($1, at: "\(path)[\($0)]") }
        let families = ranges.compactMap { AddressFormat.lenientRange($0).map { AddressFormat.goFamily($0.address) } }
        if families.count == 2, families[0] == families[1] {
            errors.append(
                .invalid(
                    path, json: list(ranges),
                    "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"))
        }
        return errors
    }

    /// A range stays for ever; a second one, of the other family, may come to it.
    private static func changes(_ new: [String], _ old: [String]) -> [FieldError] {
        let frozen = "field is immutable"
        if new.count == old.count {
            return new.indices.filter { new[$0] != old[$0] }.map { .invalid("\(path)[\($0)]", new[$0], frozen) }
        }
        guard old.count == 1, new.count == 2 else {
            return [.invalid(path, json: new.isEmpty ? "null" : list(new), frozen)]
        }
        return (new[0] == old[0] ? [] : [.invalid("\(path)[0]", new[0], frozen)]) + ranges(new)
    }

    static func check(_ object: Kubernetes.IPAddress, old: Kubernetes.IPAddress?) -> [FieldError] {
        let errors = MetadataValidation.check(
            object.metadata, isNamespaced: false, name: AddressFormat.canonicalProblems)
        let place = "spec.parentRef"
        if let old {
            if object.spec.parentRef == old.spec.parentRef { return errors }
            let value = object.spec.parentRef.map { parent($0) } ?? "null"
            return errors + [.invalid(place, json: value, "field is immutable")]
        }
        guard let parent = object.spec.parentRef else { return errors + [.required(place)] }
        return errors + segments(parent, at: place)
    }

    /// As Go prints the internal struct.
    private static func parent(_ reference: Kubernetes.ParentReference) -> String {
        let fields = [
            ("Group", reference.group), ("Resource", reference.resource), ("Namespace", reference.namespace),
            ("Name", reference.name),
        ]
        return "{" + fields.map { "\"\($0)\":\(FieldError.quoted($1))" }.joined(separator: ",") + "}"
    }

    private static func segments(_ parent: Kubernetes.ParentReference, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if !parent.group.isEmpty {
            errors += NameFormat.subdomain(parent.group).map { .invalid("\(path).group", parent.group, $0) }
        }
        for (name, value, isRequired) in [
            ("resource", parent.resource, true), ("name", parent.name, true), ("namespace", parent.namespace, false),
        ] {
            if value.isEmpty {
                if isRequired { errors.append(.required("\(path).\(name)")) }
            } else {
                errors += NameFormat.pathSegment(value).map { .invalid("\(path).\(name)", value, $0) }
            }
        }
        return errors
    }
}
