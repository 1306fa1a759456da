import HawseModel
import HawseWire

/// Reads one element (`10.0.0.1,tcp:80`) into an entry of a set.
struct IPSetElementReader {
    let set: IPSet
    let text: String
    let location: SourceLocation

    private func refuse(_ message: String) -> FormatError { FormatError(location, message) }

    private var family: AddressFamily { self.set.options.family }

    func entry() throws(FormatError) -> IPSet.Entry {
        let parts = set.kind.parts
        let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let isShort = parts.last == .optionalMAC && words.count == parts.count - 1
        guard words.count == parts.count || isShort else {
            throw refuse(
                "`\(text)' has \(words.count) parts, but settype \(set.kind.rawValue) has \(parts.count)")
        }
        var entry = IPSet.Entry()
        var addressCount = 0
        for (part, word) in zip(parts, words) {
            switch part {
            case .addresses, .network:
                try address(word, isNetwork: part == .network, isSecond: addressCount == 1, into: &entry)
                addressCount += 1
            case .mac, .optionalMAC:
                guard let mac = MACAddress(word) else {
                    throw refuse("cannot parse `\(word)' as MAC address")
                }
                entry.mac = mac
            case .mark:
                guard let mark = parseNumeral(word, max: UInt64(UInt32.max)) else {
                    throw refuse("`\(word)' is invalid as a mark")
                }
                entry.mark = UInt32(mark) & (set.options.markMask ?? .max)
            case .port, .plainPort: entry.port = try port(word, isPlain: part == .plainPort)
            case .interface: try interface(word, into: &entry)
            case .set:
                guard (1...31).contains(word.utf8.count) else {
                    throw refuse("setname `\(word)' is longer than 31 bytes")
                }
                entry.set = word
            }
        }
        return entry
    }

    private func single(_ text: some StringProtocol) throws(FormatError) -> IPAddress {
        guard let address = IPAddress(String(text)), address.family == family else {
            throw refuse("cannot parse \(text): resolving to IPv\(family.rawValue) address failed")
        }
        return address
    }

    private func address(
        _ word: String, isNetwork: Bool, isSecond: Bool, into entry: inout IPSet.Entry
    ) throws(FormatError) {
        var prefix: IPPrefix
        if let slash = word.firstIndex(of: "/") {
            let address = try single(word[..<slash])
            let lengthText = word[word.index(after: slash)...]
            guard let length = parseDecimal(lengthText, max: UInt64(family.bitCount)) else {
                throw refuse("'\(lengthText)' is out of range 0-\(family.bitCount)")
            }
            guard
                length > 0 || set.kind == .hashNetIface || set.kind == .hashNetNet
                    || set.kind == .hashNetPortNet
            else {
                throw refuse("The value of the CIDR parameter of the IP address is invalid")
            }
            prefix = IPPrefix(address, length: Int(length)).network
        } else if let dash = word.firstIndex(of: "-") {
            var lower = try single(word[..<dash])
            var upper = try single(word[word.index(after: dash)...])
            if upper < lower { swap(&lower, &upper) }
            guard !isSecond else { throw refuse("a range is not understood as the second address") }
            entry.firstEnd = upper == lower ? nil : upper
            prefix = IPPrefix(lower, length: family.bitCount)
        } else {
            prefix = IPPrefix(try single(word), length: family.bitCount)
        }
        if let mask = set.options.mask, !isNetwork, prefix.length >= set.options.netmask.map(Int.init) ?? family.bitCount {
            // The kernel masks what it stores; shown without a length. Of a range only the beginning.
            prefix = IPPrefix(IPAddress(family: family, bits: prefix.address.bits & mask), length: family.bitCount)
        } else if let mask = set.options.mask, set.kind == .hashNetNet, entry.firstEnd == nil {
            prefix = IPPrefix(IPAddress(family: family, bits: prefix.address.bits & mask), length: prefix.length)
        }
        if !isSecond, set.kind == .hashIP || set.kind == .hashIPPort, prefix.address.bits.isZero {
            throw refuse("Null-valued element, cannot be stored in a hash type of set")
        }
        if isSecond { entry.second = prefix } else { entry.first = prefix }
    }

    /// `[proto:]port[-port]`, `icmp:type/code`, `icmp:name`, `proto:0`.
    private func port(_ word: String, isPlain: Bool) throws(FormatError) -> IPSet.Entry.Port {
        let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        var ipProtocol = IPProtocol.tcp
        if parts.count == 2 {
            guard let named = IPProtocol(text: String(parts[0])), named.rawValue != 0 else {
                throw FormatError(
                    location, "cannot parse `\(parts[0])' as a protocol",
                    suggestion: nearestWord(String(parts[0]), among: IPProtocol.knownNames))
            }
            ipProtocol = named
        }
        let value = parts[parts.count - 1]
        switch ipProtocol {
        case .icmp where !isPlain, .icmpv6 where !isPlain:
            guard (ipProtocol == .icmp) == (family == .ipv4) else {
                throw refuse("\(ipProtocol.text) does not fit the set's family")
            }
            guard let number = icmpNumber(value, for: ipProtocol) else {
                throw refuse(
                    "Cannot parse \(value) as an \(ipProtocol == .icmp ? "ICMP" : "ICMPv6") type/code.")
            }
            return IPSet.Entry.Port(ipProtocol: ipProtocol, lower: number)
        case .tcp, .udp, .sctp, .udplite, .dccp:
            let ends = value.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            var lower = try number(ends[0])
            var upper = ends.count == 2 ? try number(ends[1]) : lower
            if upper < lower { swap(&lower, &upper) }
            return IPSet.Entry.Port(ipProtocol: ipProtocol, lower: lower, upper: upper)
        default:
            guard value == "0" else {
                throw refuse("protocol \(ipProtocol.text) can be used only with a zero port")
            }
            return IPSet.Entry.Port(ipProtocol: ipProtocol, lower: 0)
        }
    }

    private func number(_ text: some StringProtocol) throws(FormatError) -> UInt16 {
        guard let number = parseNumeral(text, max: 65535).map({ UInt16($0) }) ?? serviceNames[String(text)]
        else {
            throw refuse("'\(text)' is invalid as number")
        }
        return number
    }

    private func interface(_ word: String, into entry: inout IPSet.Entry) throws(FormatError) {
        let prefix = "physdev:"
        entry.isPhysdev = word.hasPrefix(prefix)
        let name = entry.isPhysdev ? String(word.dropFirst(prefix.utf8.count)) : word
        guard (1...15).contains(name.utf8.count) else { throw refuse("interface name `\(name)' is too long") }
        entry.interface = name
    }
}

extension IPSet.Entry {
    /// As `ipset save` shows it.
    func text(in owner: IPSet) -> String {
        var words: [String] = []
        var addressCount = 0
        for part in owner.kind.parts {
            switch part {
            case .addresses, .network:
                if let prefix = addressCount == 0 ? first : second {
                    words.append(text(of: prefix, end: addressCount == 0 ? firstEnd : nil))
                }
                addressCount += 1
            case .mac, .optionalMAC: if let mac { words.append(mac.description.uppercased()) }
            case .mark: if let mark { words.append(hexText(mark, width: 8)) }
            case .port: if let port { words.append("\(port.ipProtocol.text):\(text(of: port))") }
            case .plainPort: if let port { words.append(text(of: port)) }
            case .interface: if let interface { words.append(isPhysdev ? "physdev:" + interface : interface) }
            case .set: if let set { words.append(set) }
            }
        }
        return words.joined(separator: ",")
    }

    private func text(of prefix: IPPrefix, end: IPAddress?) -> String {
        if let end { return "\(prefix.address)-\(end)" }
        return prefix.length == prefix.family.bitCount ? prefix.address.description : prefix.description
    }

    private func text(of port: Port) -> String {
        if port.ipProtocol == .icmp || port.ipProtocol == .icmpv6 {
            return icmpText(port.lower, for: port.ipProtocol)
        }
        return port.lower == port.upper ? "\(port.lower)" : "\(port.lower)-\(port.upper)"
    }
}
