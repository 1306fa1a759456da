import Foundation

/// The golden cases of the repository.
enum Recordings {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    static let cases = root + "/pcaps/cases"

    /// Every file whose path below `cases` satisfies `isWanted`, sorted.
    static func files(_ isWanted: (String) -> Bool) -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: cases) else { return [] }
        return walk.compactMap { $0 as? String }.filter(isWanted).sorted().map { cases + "/" + $0 }
    }

    static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }
}

/// The first line in which two texts differ, for a failure's message.
func firstDifference(_ a: String, _ b: String) -> String? {
    let left = a.split(separator: "\n", omittingEmptySubsequences: false)
    let right = b.split(separator: "\n", omittingEmptySubsequences: false)
    for i in 0..<max(left.count, right.count) {
        let l = i < left.count ? left[i] : "(end)"
        let r = i < right.count ? right[i] : "(end)"
        if l != r { return "line \(i + 1): `\(l)' became `\(r)'" }
    }
    return nil
}
