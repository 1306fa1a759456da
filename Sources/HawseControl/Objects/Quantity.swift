import HawseModel

extension Kubernetes {
    /// `resource.Quantity`: its value in thousandths, and its text in the form in which the API server gives it back.
    public struct Quantity: FieldValue, CustomStringConvertible {
        public var text: String
        /// The value times 1,000, rounded up; saturates.
        public var thousandths: Int64

        public static var goType: String { "resource.Quantity" }
        public var isZero: Bool { false }
        public var description: String { text }
        /// Whole units, rounded up (`Quantity.Value`).
        public var units: Int64 { thousandths / 1000 + (thousandths % 1000 > 0 ? 1 : 0) }

        /// Of two amounts in thousandths; saturates.
        static func sum(_ a: Int64, _ b: Int64) -> Int64 {
            let (sum, overflow) = a.addingReportingOverflow(b)
            return overflow ? (b > 0 ? .max : .min) : sum
        }

        public static func == (a: Self, b: Self) -> Bool { a.thousandths == b.thousandths }
        public func hash(into hasher: inout Hasher) { hasher.combine(thousandths) }

        public init(thousandths: Int64) {
            self.thousandths = thousandths
            text = thousandths % 1000 == 0 ? String(thousandths / 1000) : "\(thousandths)m"
        }

        public init?(_ text: String) {
            guard let value = Self.parse(text) else { return nil }
            // Decimal fractions are not exact in binary: what is next to a whole number is that number.
            let (near, up) = ((value * 1000).rounded(), (value * 1000).rounded(.up))
            let isWhole = abs(value * 1000 - near) <= abs(near) * 1e-12
            let scaled = isWhole ? near : up
            thousandths = scaled >= 9.2e18 ? .max : scaled <= -9.2e18 ? .min : Int64(scaled)
            self.text = text
            if isWhole { self.text = Self.canonical(thousandths, like: text) }
        }

        /// An amount in the notation of another one.
        init(thousandths: Int64, like other: Quantity) {
            self.thousandths = thousandths
            text = Self.canonical(thousandths, like: other.text)
        }

        /// The fewest digits without a fraction (`CanonicalizeBytes`): 0.5 is 500m, 1024Mi is 1Gi, 1000 is 1k.
        private static func canonical(_ thousandths: Int64, like text: String) -> String {
            let suffix = text.drop { $0.isNumber || $0 == "." || $0 == "+" || $0 == "-" }
            if thousandths == .max || thousandths == .min { return text }
            if thousandths == 0 { return "0" }
            let isExponent = suffix.dropFirst().contains(where: \.isNumber)
            guard thousandths % 1000 == 0 else { return "\(thousandths)\(isExponent ? "e-3" : "m")" }
            var units = thousandths / 1000
            var power = 0
            let isBinary = suffix.hasSuffix("i") && (units <= -1024 || units >= 1024)
            let base: Int64 = isBinary ? 1024 : 1000
            while power < 6, units % base == 0 {
                units /= base
                power += 1
            }
            if isExponent { return power == 0 ? "\(units)" : "\(units)e\(power * 3)" }
            return "\(units)\((isBinary ? ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] : ["", "k", "M", "G", "T", "P", "E"])[power])"
        }

        public static func read(_ node: ManifestNode, _ context: FieldContext) -> Quantity? {
            let text: String
            switch node.value {
            case .string(let string): text = string
            case .integer(let number): text = String(number)
            case .number(_, let digits): text = digits
            default: text = ""
            }
            if let quantity = Quantity(text) { return quantity }
            context.error(
                node, "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
            return nil
        }

        public func written() -> ManifestNode { .string(text) }

        private static let suffixes: [String: Double] = [
            "": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
            "Ki": 1024, "Mi": 1_048_576, "Gi": 1_073_741_824, "Ti": 1_099_511_627_776,
            "Pi": 1_125_899_906_842_624, "Ei": 1_152_921_504_606_846_976,
        ]

        private static func parse(_ text: String) -> Double? {
            let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "+" || $0 == "-") }
            let suffix = String(text.dropFirst(number.count))
            guard number.contains(where: \.isNumber), var value = Double(number) else { return nil }
            if let factor = suffixes[suffix] {
                value *= factor
            } else if let e = suffix.first, e == "e" || e == "E", let exponent = Int(suffix.dropFirst()),
                abs(exponent) < 30
            {
                guard let scaled = Double("\(number)e\(exponent)") else { return nil }
                value = scaled
            } else {
                return nil
            }
            return value
        }
    }
}
