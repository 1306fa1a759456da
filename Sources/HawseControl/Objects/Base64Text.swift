import HawseModel

extension Kubernetes {
    /// A `[]byte` of the API: standard Base64 with padding, as Go's JSON decoder takes it.
    public struct Base64Text: FieldValue, ExpressibleByStringLiteral, CustomStringConvertible {
        public var text: String

        public init(_ text: String) { self.text = text }
        public init(stringLiteral value: String) { text = value }

        public static var goType: String { "[]uint8" }
        public var isZero: Bool { text.isEmpty }
        public var description: String { text }
        public func written() -> ManifestNode { .string(text) }

        /// Bytes that the text stands for.
        public var byteCount: Int {
            text.utf8.count { !Self.isLineEnd($0) && $0 != UInt8(ascii: "=") } * 3 / 4
        }

        public static func read(_ node: ManifestNode, _ context: FieldContext) -> Base64Text? {
            guard case .string(let text) = node.value else {
                context.wrongType(node, goType: goType)
                return nil
            }
            if let place = firstFault(in: Array(text.utf8)) {
                context.error(node, "illegal base64 data at input byte \(place)")
                return nil
            }
            return Base64Text(text)
        }

        private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 10 || byte == 13 }

        private static func isDigit(_ byte: UInt8) -> Bool {
            (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 43 || byte == 47
        }

        /// The offset of the first byte that does not belong there.
        private static func firstFault(in bytes: [UInt8]) -> Int? {
            var digits = 0
            var padding = 0
            for (index, byte) in bytes.enumerated() where !isLineEnd(byte) {
                if byte == UInt8(ascii: "=") {
                    padding += 1
                    if digits % 4 < 2 || padding > 4 - digits % 4 { return index }
                } else if !isDigit(byte) || padding > 0 {
                    return index
                } else {
                    digits += 1
                }
            }
            let rest = digits % 4
            if rest != 0, padding != 4 - rest { return max(0, bytes.count - (rest + padding)) }
            return nil
        }
    }
}
