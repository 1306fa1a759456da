import HawseModel

/// `sysctl -a`: the settings of the network, without its secrets.
enum SysctlDump {
    static func read(_ text: String) -> Sysctls {
        var sysctls = Sysctls()
        for line in text.split(whereSeparator: \.isNewline) {
            guard let equals = line.firstIndex(of: "=") else { continue }
            // sysctl writes the dot of a device's name as a slash.
            let name = line[..<equals].filter { !$0.isWhitespace }.replacing("/", with: ".")
            let value = line[line.index(after: equals)...].drop(while: \.isWhitespace)
            if Sysctls.concernsPackets(name) { sysctls[name] = String(value) }
        }
        sysctls.completeRunning()
        return sysctls
    }
}
