import HawseModel

/// The random parts of names and UIDs, each from its own stream, so that one more pod changes no address.
struct RandomNames: Sendable {
    private var suffixes: RandomStream
    private var uids: RandomStream

    /// Consonants and digits: no word is spelled by chance (`k8s.io/apimachinery/pkg/util/rand`).
    static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)

    init(seed: UInt64) {
        suffixes = RandomStream(seed: seed, purpose: "object-name-suffix")
        uids = RandomStream(seed: seed, purpose: "object-uid")
    }

    mutating func suffix(_ count: Int = 5) -> String {
        var bytes: [UInt8] = []
        for _ in 0..<count { bytes.append(Self.alphabet[Int(suffixes.below(UInt32(Self.alphabet.count)))]) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `names.SimpleNameGenerator`: the base cut so that with five more letters it has 63 at most.
    mutating func name(base: String) -> String { String(base.prefix(58)) + suffix() }

    /// A version-4 UUID.
    mutating func uid() -> String {
        let high = uids.next() & 0xffff_ffff_ffff_0fff | 0x4000
        let low = uids.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        let text = hexadecimal(high) + hexadecimal(low)
        let c = Array(text)
        return [c[0..<8], c[8..<12], c[12..<16], c[16..<20], c[20..<32]].map { String($0) }.joined(separator: "-")
    }

    private func hexadecimal(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }

    /// `SafeEncodeString` of an FNV-1a hash: what names a pod template.
    static func hash(_ text: String) -> String {
        var hash: UInt32 = 0x811c_9dc5
        for byte in text.utf8 { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        return String(decoding: String(hash).utf8.map { alphabet[Int($0) % alphabet.count] }, as: UTF8.self)
    }
}
