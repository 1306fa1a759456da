/// A Job's policies of failure, success and replacement (`pkg/apis/batch/validation`).
enum JobPolicyValidation {
    static func check(_ spec: Kubernetes.JobSpec, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if let policy = spec.podFailurePolicy { errors += failure(policy, spec, at: "\(path).podFailurePolicy.rules") }
        if let policy = spec.successPolicy {
            if spec.completionMode != "Indexed" {
                errors.append(
                    .invalid(
                        "\(path).successPolicy", json: InternalForm.successPolicy.json(policy.written()),
                        "requires indexed completion mode"))
            } else {
                errors += success(policy, spec, at: "\(path).successPolicy.rules")
            }
        }
        if let word = spec.podReplacementPolicy {
            let known = spec.podFailurePolicy == nil ? ["Failed", "TerminatingOrFailed"] : ["Failed"]
            if !known.contains(word) { errors.append(.notSupported("\(path).podReplacementPolicy", word, known)) }
        }
        return errors
    }

    /// An error of a whole rule has no value in its text.
    private static func rule(_ path: String, _ detail: String) -> FieldError {
        FieldError(.invalid, path, "Invalid value: \(detail)")
    }

    /// A word out of a list that has to be there.
    private static func word(_ value: String, _ known: [String], at path: String) -> [FieldError] {
        if value.isEmpty {
            let list = known.map { FieldError.quoted($0) }.joined(separator: " ")
            return [.required(path, "valid values: [\(list)]")]
        }
        return known.contains(value) ? [] : [.notSupported(path, value, known)]
    }

    private static func failure(
        _ policy: Kubernetes.PodFailurePolicy, _ spec: Kubernetes.JobSpec, at path: String
    ) -> [FieldError] {
        var errors: [FieldError] = []
        if policy.rules.count > 20 { errors.append(.tooMany(path, policy.rules.count, maximum: 20)) }
        let names = (spec.template.spec.containers + spec.template.spec.initContainers).map(\.name)
        for (index, item) in policy.rules.enumerated() {
            let place = "\(path)[\(index)]"
            if item.action == "FailIndex", spec.backoffLimitPerIndex == nil {
                errors.append(.invalid("\(place).action", item.action, "requires the backoffLimitPerIndex to be set"))
            }
            errors += word(item.action, ["Count", "FailIndex", "FailJob", "Ignore"], at: "\(place).action")
            if let codes = item.onExitCodes { errors += exitCodes(codes, names, at: "\(place).onExitCodes") }
            errors += conditions(item.onPodConditions, at: "\(place).onPodConditions")
            switch (item.onExitCodes != nil, !item.onPodConditions.isEmpty) {
            case (true, true):
                errors.append(rule(place, "specifying both OnExitCodes and OnPodConditions is not supported"))
            case (false, false):
                errors.append(rule(place, "specifying one of OnExitCodes and OnPodConditions is required"))
            default: break
            }
        }
        return errors
    }

    private static func conditions(_ patterns: [Kubernetes.PodFailureCondition], at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if patterns.count > 20 { errors.append(.tooMany(path, patterns.count, maximum: 20)) }
        for (index, pattern) in patterns.enumerated() {
            errors += NameFormat.qualified(pattern.type).map { .invalid("\(path)[\(index)].type", pattern.type, $0) }
            errors += word(pattern.status, ["False", "True", "Unknown"], at: "\(path)[\(index)].status")
        }
        return errors
    }

    private static func exitCodes(
        _ codes: Kubernetes.PodFailureExitCodes, _ names: [String], at path: String
    ) -> [FieldError] {
        var errors = word(codes.op, ["In", "NotIn"], at: "\(path).operator")
        if let name = codes.containerName, !names.contains(name) {
            errors.append(
                .invalid(
                    "\(path).containerName", name, "must be one of the container or initContainer names in the pod template"))
        }
        let list = "[\(codes.values.map { String($0) }.joined(separator: ","))]"
        if codes.values.isEmpty {
            errors.append(.invalid("\(path).values", json: list, "at least one value is required"))
        } else if codes.values.count > 255 {
            errors.append(.tooMany("\(path).values", codes.values.count, maximum: 255))
        }
        var seen: Set<Int> = []
        for (index, code) in codes.values.enumerated() {
            let place = "\(path).values[\(index)]"
            if codes.op == "In", code == 0 { errors.append(.invalid(place, code, "must not be 0 for the In operator")) }
            if !seen.insert(code).inserted { errors.append(.duplicate(place, json: String(code))) }
        }
        if codes.values != codes.values.sorted() {
            errors.append(.invalid("\(path).values", json: list, "must be ordered"))
        }
        return errors
    }

    // MARK: Success

    private static func success(
        _ policy: Kubernetes.SuccessPolicy, _ spec: Kubernetes.JobSpec, at path: String
    ) -> [FieldError] {
        var errors: [FieldError] = []
        if policy.rules.isEmpty {
            errors.append(.required(path, "at least one rules must be specified when the successPolicy is specified"))
        }
        if policy.rules.count > 20 { errors.append(.tooMany(path, policy.rules.count, maximum: 20)) }
        let completions = spec.completions ?? 0
        for (index, item) in policy.rules.enumerated() {
            errors += check(item, completions, at: "\(path)[\(index)]")
        }
        return errors
    }

    private static func check(_ item: Kubernetes.SuccessPolicyRule, _ completions: Int, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if item.succeededCount == nil, item.succeededIndexes == nil {
            errors.append(.required(path, "at least one of succeededCount or succeededIndexes must be specified"))
        }
        var total = 0
        if let text = item.succeededIndexes {
            let place = "\(path).succeededIndexes"
            if text.utf8.count > 65536 { errors.append(.tooLong(place, maximum: 65536)) }
            do throws(IndexFormat) { total = try indexes(text, completions) } catch {
                errors.append(.invalid(place, text, "error parsing succeededIndexes: \(error.text)"))
            }
        }
        guard let count = item.succeededCount else { return errors }
        errors += WorkloadValidation.nonnegative(count, "\(path).succeededCount")
        if count > completions {
            errors.append(
                .invalid(
                    "\(path).succeededCount", count,
                    "must be less than or equal to \(completions) (the number of specified completions)"))
        }
        if item.succeededIndexes != nil, count > total {
            errors.append(
                .invalid(
                    "\(path).succeededCount", count,
                    "must be less than or equal to \(total) (the number of indexes in the specified succeededIndexes field)"))
        }
        return errors
    }

    private struct IndexFormat: Error { var text: String }

    /// What is wrong with a text like `0,2-4` that names indexes below `completions`.
    static func fault(inIndexes text: String, _ completions: Int) -> String? {
        do throws(IndexFormat) { _ = try indexes(text, completions) } catch { return error.text }
        return nil
    }

    /// How many indexes a text like `0,2-4` names.
    private static func indexes(_ text: String, _ completions: Int) throws(IndexFormat) -> Int {
        if text.isEmpty { return 0 }
        func number(_ word: Substring) throws(IndexFormat) -> Int {
            guard let value = Int(word) else {
                throw IndexFormat(text: "cannot convert string to integer for index: \(FieldError.quoted(String(word)))")
            }
            if value >= completions { throw IndexFormat(text: "too large index: \(FieldError.quoted(String(word)))") }
            return value
        }
        var total = 0
        var last: Int?
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
            if ends.count > 2 {
                throw IndexFormat(
                    text: "the fragment \(FieldError.quoted(String(part))) violates the requirement that an index interval can "
                        + "have at most two parts separated by '-'")
            }
            let first = try number(ends[0])
            let end = ends.count > 1 ? try number(ends[1]) : first
            if ends.count > 1, first >= end {
                throw IndexFormat(text: "non-increasing order, previous: \(first), current: \(end)")
            }
            if let last, last >= first {
                throw IndexFormat(text: "non-increasing order, previous: \(last), current: \(first)")
            }
            total += end - first + 1
            last = end
        }
        return total
    }
}
