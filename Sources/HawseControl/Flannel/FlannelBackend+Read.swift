import HawseModel

extension Flannel.Backend {
    /// The `Backend` object of net-conf.json.
    static func read(_ node: ManifestNode, _ reader: inout FlannelFieldReader) -> Self {
        guard let entries = node.entries else {
            reader.wrong(node, "Backend", "an object is expected, found \(node.typeName)")
            return .udp(.init())
        }
        reader.path.append("Backend")
        defer { reader.path.removeLast() }
        var type: String?
        var rest: [ManifestNode.Entry] = []
        for entry in entries {
            if entry.key.lowercased() == "type" { type = reader.text(entry, "Type") } else { rest.append(entry) }
        }
        switch type {
        case "vxlan": return .vxlan(vxlan(rest, &reader))
        case "host-gw":
            for entry in rest { reader.unknown(entry, among: ["Type"]) }
            return .hostGateway
        case "ipip": return .ipip(directRouting: directRouting(rest, &reader))
        case "udp": return .udp(.init(port: port(rest, &reader)))
        case "wireguard": return .wireguard(wireGuard(rest, &reader))
        case "alloc": return .alloc
        case nil, "":
            reader.wrong(node, "Type", "is missing")
        case let type?:
            reader.wrong(
                node, "Type", "\"\(type)\" is no backend that is simulated",
                suggestion: nearestWord(type, among: typeNames))
        }
        return .udp(.init())
    }

    private static func directRouting(_ entries: [ManifestNode.Entry], _ reader: inout FlannelFieldReader) -> Bool {
        var flag = false
        for entry in entries where !entry.node.isNull {
            switch entry.key.lowercased() {
            case "directrouting": reader.flag(entry, "DirectRouting", &flag)
            default: reader.unknown(entry, among: ["Type", "DirectRouting"])
            }
        }
        return flag
    }

    private static func port(_ entries: [ManifestNode.Entry], _ reader: inout FlannelFieldReader) -> UInt16 {
        var port = 8285
        for entry in entries where !entry.node.isNull {
            switch entry.key.lowercased() {
            case "port": reader.integer(entry, "Port", 1...65535, &port)
            default: reader.unknown(entry, among: ["Type", "Port"])
            }
        }
        return UInt16(clamping: port)
    }

    private static func vxlan(_ entries: [ManifestNode.Entry], _ reader: inout FlannelFieldReader)
        -> Flannel.VXLANBackend
    {
        var options = Flannel.VXLANBackend()
        for entry in entries where !entry.node.isNull {
            switch entry.key.lowercased() {
            case "vni":
                var vni = 1
                reader.integer(entry, "VNI", 0...0xff_ffff, &vni)
                options.vni = UInt32(clamping: vni)
            case "port":
                var port = 0
                reader.integer(entry, "Port", 0...65535, &port)
                options.port = UInt16(clamping: port)
            case "mtu":
                var mtu = 1500
                reader.integer(entry, "MTU", 118...65535, &mtu)
                options.mtu = mtu
            case "gbp": reader.flag(entry, "GBP", &options.gbp)
            case "learning": reader.flag(entry, "Learning", &options.learning)
            case "directrouting": reader.flag(entry, "DirectRouting", &options.directRouting)
            default:
                reader.unknown(entry, among: ["Type", "VNI", "Port", "MTU", "GBP", "Learning", "DirectRouting"])
            }
        }
        return options
    }

    private static func wireGuard(_ entries: [ManifestNode.Entry], _ reader: inout FlannelFieldReader)
        -> Flannel.WireGuardBackend
    {
        let known = [
            "Type", "ListenPort", "ListenPortV6", "MTU", "PSK", "PersistentKeepaliveInterval", "Mode",
        ]
        var options = Flannel.WireGuardBackend()
        for entry in entries where !entry.node.isNull {
            var number = 0
            switch entry.key.lowercased() {
            case "listenport":
                reader.integer(entry, "ListenPort", 1...65535, &number)
                options.listenPort = UInt16(clamping: number)
            case "listenportv6":
                reader.integer(entry, "ListenPortV6", 1...65535, &number)
                options.listenPortV6 = UInt16(clamping: number)
            case "mtu":
                number = 1500
                reader.integer(entry, "MTU", 148...65535, &number)
                options.mtu = number
            case "psk": options.preSharedKey = reader.text(entry, "PSK") ?? ""
            case "persistentkeepaliveinterval":
                reader.integer(entry, "PersistentKeepaliveInterval", 0...65535, &options.keepalive)
            case "mode":
                guard let word = reader.text(entry, "Mode") else { continue }
                if let mode = Flannel.WireGuardBackend.Mode(rawValue: word) {
                    options.mode = mode
                } else {
                    let modes = Flannel.WireGuardBackend.Mode.allCases.map(\.rawValue)
                    reader.wrong(
                        entry.node, "Mode", "\"\(word)\" is none of \(modes.joined(separator: ", "))",
                        suggestion: nearestWord(word, among: modes))
                }
            default: reader.unknown(entry, among: known)
            }
        }
        return options
    }

    /// The JSON object that reads back as this.
    var text: String {
        var fields = ["\"Type\":\"\(typeName)\""]
        switch self {
        case .vxlan(let options):
            if options.vni != 1 { fields.append("\"VNI\":\(options.vni)") }
            if options.port != 0 { fields.append("\"Port\":\(options.port)") }
            if let mtu = options.mtu { fields.append("\"MTU\":\(mtu)") }
            if options.gbp { fields.append("\"GBP\":true") }
            if options.learning { fields.append("\"Learning\":true") }
            if options.directRouting { fields.append("\"DirectRouting\":true") }
        case .ipip(let directRouting): if directRouting { fields.append("\"DirectRouting\":true") }
        case .udp(let options): if options.port != 8285 { fields.append("\"Port\":\(options.port)") }
        case .wireguard(let options):
            if options.listenPort != 51820 { fields.append("\"ListenPort\":\(options.listenPort)") }
            if options.listenPortV6 != 51821 { fields.append("\"ListenPortV6\":\(options.listenPortV6)") }
            if let mtu = options.mtu { fields.append("\"MTU\":\(mtu)") }
            if !options.preSharedKey.isEmpty { fields.append("\"PSK\":\(JSONWriter.quoted(options.preSharedKey, escapesHTML: true))") }
            if options.keepalive != 0 { fields.append("\"PersistentKeepaliveInterval\":\(options.keepalive)") }
            if options.mode != .separate { fields.append("\"Mode\":\"\(options.mode.rawValue)\"") }
        case .hostGateway, .alloc: break
        }
        return "{" + fields.joined(separator: ",") + "}"
    }
}
