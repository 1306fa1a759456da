import HawseModel

extension Kubernetes {
    /// `intstr.IntOrString`: a port by number or name, a count or a percentage.
    public enum IntOrString: FieldValue, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
        CustomStringConvertible
    {
        case int(Int)
        case string(String)

        public init(integerLiteral value: Int) { self = .int(value) }
        public init(stringLiteral value: String) { self = .string(value) }

        public static var goType: String { "intstr.IntOrString" }
        public var isZero: Bool { self == .int(0) || self == .string("") }

        public static func read(_ node: ManifestNode, _ context: FieldContext) -> IntOrString? {
            switch node.value {
            case .string(let text): return .string(text)
            case .integer(let number):
                if let small = Int32(exactly: number) { return .int(Int(small)) }
                context.wrongValue(node, goType: "int32")
            default: context.wrongValue(node, goType: "int32")
            }
            return nil
        }

        public func written() -> ManifestNode {
            switch self {
            case .int(let number): .integer(number)
            case .string(let text): .string(text)
            }
        }

        public var description: String {
            switch self {
            case .int(let number): String(number)
            case .string(let text): text
            }
        }

        /// A share of `total`: a plain count, or a percentage rounded as asked. Nil when it is neither
        /// (`intstr.GetScaledValueFromIntOrPercent`).
        public func scaled(of total: Int, roundingUp: Bool) -> Int? {
            switch self {
            case .int(let count): return count
            case .string(let text):
                guard text.hasSuffix("%"), let percent = Int(text.dropLast()) else { return nil }
                let (product, overflow) = percent.multipliedReportingOverflow(by: total)
                guard !overflow else { return nil }
                return roundingUp ? (product + 99) / 100 : product / 100
            }
        }
    }
}
