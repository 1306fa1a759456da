import Foundation
import HawseModel

/// The network's settings from /proc/sys/net, without its secrets and what only its owner may read.
enum SysctlReading {
    static func read() -> Sysctls {
        var sysctls = Sysctls()
        let root = "/proc/sys/net/"
        guard let files = FileManager.default.enumerator(atPath: root) else { return sysctls }
        for case let path as String in files {
            let name = "net." + path.replacing("/", with: ".")
            guard Sysctls.concernsPackets(name), let text = try? String(contentsOfFile: root + path, encoding: .utf8) else { continue }
            sysctls[name] = text.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? ""
        }
        sysctls.completeRunning()
        return sysctls
    }
}
