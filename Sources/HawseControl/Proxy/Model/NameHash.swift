/// The hash in kube-proxy's chain names: the first digits of base32 (RFC 4648, upper case) of SHA-256.
public enum NameHash {
    private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

    /// `digits` base32 digits, at most sixteen.
    public static func base32(_ text: String, digits: Int) -> String { named("", hashing: text, digits: digits) }

    /// A name of a fixed beginning and the hash of a text: `KUBE-SVC-NPX46M4PTMTKRN6Y`.
    static func named(_ prefix: StaticString, hashing text: String, digits: Int = 16) -> String {
        var copy = text
        let (high, low) = copy.withUTF8 { SHA256.prefix(UnsafeRawBufferPointer($0)) }
        let length = min(max(digits, 0), 16)
        return String(unsafeUninitializedCapacity: prefix.utf8CodeUnitCount + length) { buffer in
            let start = prefix.utf8CodeUnitCount
            for i in 0..<start { buffer[i] = prefix.utf8Start[i] }
            for i in 0..<length {
                // Digits 0…11 lie in `high`, digit 12 across both, the rest in `low`.
                let index: UInt64
                switch i {
                case ..<12: index = high >> UInt64(59 - 5 * i) & 31
                case 12: index = (high & 15) << 1 | UInt64(low >> 15)
                default: index = UInt64(low >> UInt16(10 - 5 * (i - 13))) & 31
                }
                buffer[start + i] = alphabet.utf8Start[Int(index)]
            }
            return start + length
        }
    }
}
