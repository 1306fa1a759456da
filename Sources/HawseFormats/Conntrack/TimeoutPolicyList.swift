import HawseModel
import HawseWire

/// What `nfct list timeout` prints: for each policy `.name = {`, `.l3proto`, `.l4proto` and `.policy` with seconds by state.
public enum TimeoutPolicyList {
    public static func parse(_ text: some StringProtocol, file: String = "nfct") throws(FormatError) -> [TimeoutPolicy] {
        var reading = Reading(file: file)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { try reading.take(line) }
        guard reading.name == nil else { throw reading.error("the policy does not end") }
        return reading.policies
    }

    private struct Reading {
        let file: String
        var line = 0
        var policies: [TimeoutPolicy] = []
        var name: String?
        var family: UInt32?
        var ipProtocol: UInt32?
        var isWithin = false
        var seconds: [String: UInt32] = [:]

        func error(_ message: String, suggestion: String? = nil) -> FormatError {
            FormatError(file: file, line: max(line, 1), message: message, suggestion: suggestion)
        }

        mutating func take(_ text: some StringProtocol) throws(FormatError) {
            line += 1
            let words = text.split { $0 == " " || $0 == "\t" }
            switch words.count {
            case 0: return
            case 1 where words[0] == "},": isWithin = false
            case 1 where words[0] == "};": try end()
            case 3 where words[1] == "=" && words[0].first == ".":
                let key = String(words[0].dropFirst())
                if words[2] == "{" { return try open(key) }
                guard words[2].last == ",", let value = UInt32(words[2].dropLast()) else {
                    throw error("`\(words[2])' is no number followed by a comma")
                }
                try set(key, value)
            default: throw error("this is no line of `nfct list timeout'")
            }
        }

        private mutating func open(_ key: String) throws(FormatError) {
            if name != nil {
                guard key == "policy", !isWithin else { throw error("`.\(key)' does not open anything here") }
                isWithin = true
                return
            }
            guard !key.isEmpty, key.utf8.count < 32 else { throw error("a policy's name has 1 to 31 letters") }
            guard !policies.contains(where: { $0.name == key }) else { throw error("there are two policies named `\(key)'") }
            name = key
            (family, ipProtocol, isWithin, seconds) = (nil, nil, false, [:])
        }

        private mutating func set(_ key: String, _ value: UInt32) throws(FormatError) {
            guard name != nil else { throw error("`.\(key)' stands outside of any policy") }
            if isWithin {
                seconds[key] = value
                return
            }
            switch key {
            case "l3proto": family = value
            case "l4proto": ipProtocol = value
            default: throw error("`.\(key)' is unknown", suggestion: nearestWord(key, among: ["l3proto", "l4proto"]))
            }
        }

        private mutating func end() throws(FormatError) {
            guard let name, !isWithin else { throw error("nothing is to be ended here") }
            guard family == 2 || family == 10 else {
                throw error("policy `\(name)': `.l3proto' is neither 2 (IPv4) nor 10 (IPv6)")
            }
            guard let number = ipProtocol.flatMap({ UInt8(exactly: $0) }),
                let states = TimeoutPolicy.states(of: IPProtocol(rawValue: number))
            else { throw error("policy `\(name)': no tracker has `.l4proto = \(ipProtocol.map { "\($0)" } ?? "")'") }
            if let other = seconds.keys.sorted().first(where: { !states.contains($0) }) {
                throw error(
                    "policy `\(name)': its protocol has no state `\(other)'", suggestion: nearestWord(other, among: states))
            }
            var values: [UInt32] = []
            for state in states {
                guard let value = seconds[state] else { throw error("policy `\(name)': `.\(state)' is missing") }
                values.append(value)
            }
            policies.append(
                TimeoutPolicy(
                    name: name, family: family == 2 ? .ipv4 : .ipv6, ipProtocol: IPProtocol(rawValue: number), seconds: values))
            self.name = nil
        }
    }
}
