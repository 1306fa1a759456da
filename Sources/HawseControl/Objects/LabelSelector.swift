extension Kubernetes {
    /// `metav1.LabelSelector`; an empty one selects everything.
    public struct LabelSelector: FieldMap {
        public var matchLabels: [String: String] = [:]
        public var matchExpressions: [Requirement] = []

        public init() {}
        public init(matchLabels: [String: String]) { self.matchLabels = matchLabels }

        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("matchExpressions", &matchExpressions)
            map("matchLabels", &matchLabels)
        }

        public struct Requirement: FieldMap {
            public var key = ""
            public var op = ""
            public var values: [String] = []

            public static var goType: String { "LabelSelectorRequirement" }
            public init() {}
            public init(key: String, op: String, values: [String] = []) {
                self.key = key
                self.op = op
                self.values = values
            }
            public mutating func fields<M: FieldMapper>(_ map: inout M) {
                map("key", &key)
                map("operator", &op)
                map("values", &values)
            }

            /// In, NotIn, Exists, DoesNotExist; Gt and Lt for node selectors. A missing label satisfies NotIn.
            public func matches(_ labels: [String: String]) -> Bool {
                let value = labels[key]
                switch op {
                case "In": return value.map { values.contains($0) } ?? false
                case "NotIn": return value.map { !values.contains($0) } ?? true
                case "Exists": return value != nil
                case "DoesNotExist": return value == nil
                case "Gt", "Lt":
                    guard let value, let left = Int64(value), let bound = values.first, let right = Int64(bound)
                    else { return false }
                    return op == "Gt" ? left > right : left < right
                default: return false
                }
            }
        }

        public func matches(_ labels: [String: String]) -> Bool {
            matchLabels.allSatisfy { labels[$0.key] == $0.value } && matchExpressions.allSatisfy { $0.matches(labels) }
        }

        public var isEmpty: Bool { matchLabels.isEmpty && matchExpressions.isEmpty }
    }
}
