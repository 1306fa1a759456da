/// Names of the kernel's accounting objects, which rules with `-m nfacct` need (`nfnl_acct_find_get`).
public enum AccountingObjects {
    /// Those that kube-proxy makes before it loads its rules.
    public static let ofKubeProxy: Set<String> = ["ct_state_invalid_dropped_pkts", "localhost_nps_accepted_pkts"]

    /// What `nfacct list` prints: `{ pkts = 00000000000000000000, bytes = 00000000000000000000 } = name;`.
    public static func parse(_ text: some StringProtocol, file: String = "nfacct") throws(FormatError) -> Set<String> {
        var names: Set<String> = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(separator: " ")
            if words.isEmpty { continue }
            guard words.count >= 3, words[0] == "{", let last = words.last, last.hasSuffix(";"), words[words.count - 2] == "=" else {
                throw FormatError(file: file, line: index + 1, message: "this is no line of `nfacct list'")
            }
            names.insert(String(last.dropLast()))
        }
        return names
    }
}
