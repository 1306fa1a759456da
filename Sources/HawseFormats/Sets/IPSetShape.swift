import HawseModel

/// What the elements of a kind of set are made of, in order.
enum IPSetPart: Hashable, Sendable {
    /// A single address, a range or a prefix, which stands for its addresses.
    case addresses
    /// A prefix.
    case network
    case mac
    case optionalMAC
    case mark
    case port
    /// A port, or a range, without protocol.
    case plainPort
    case interface
    case set
}

extension IPSet.Kind {
    var parts: [IPSetPart] {
        switch self {
        case .bitmapIP, .hashIP: [.addresses]
        case .bitmapIPMac: [.addresses, .optionalMAC]
        case .bitmapPort: [.plainPort]
        case .hashMac: [.mac]
        case .hashIPMac: [.addresses, .mac]
        case .hashIPMark: [.addresses, .mark]
        case .hashIPPort: [.addresses, .port]
        case .hashIPPortIP: [.addresses, .port, .addresses]
        case .hashIPPortNet: [.addresses, .port, .network]
        case .hashNet: [.network]
        case .hashNetNet: [.network, .network]
        case .hashNetPort: [.network, .port]
        case .hashNetPortNet: [.network, .port, .network]
        case .hashNetIface: [.network, .interface]
        case .listSet: [.set]
        }
    }

    var isBitmap: Bool { rawValue.hasPrefix("bitmap:") }
    var isHash: Bool { rawValue.hasPrefix("hash:") }

    /// Addresses may be seen through a mask (`netmask`).
    var hasNetmask: Bool { self == .bitmapIP || hasBitmask }
    var hasBitmask: Bool { self == .hashIP || showsMaskLast }
    var showsMaskLast: Bool { self == .hashIPPort || self == .hashNetNet }

    /// Has an address family of its own.
    var hasFamily: Bool { isHash && self != .hashMac }

    /// Names of old.
    static let aliases: [String: IPSet.Kind] = [
        "ipmap": .bitmapIP, "macipmap": .bitmapIPMac, "portmap": .bitmapPort, "iphash": .hashIP,
        "ipporthash": .hashIPPort, "ipportiphash": .hashIPPortIP, "ipportnethash": .hashIPPortNet,
        "nethash": .hashNet, "setlist": .listSet,
    ]

    init?(word: String) {
        guard let kind = IPSet.Kind(rawValue: word) ?? Self.aliases[word] else { return nil }
        self = kind
    }
}

extension IPSet {
    /// Bitmaps have a range that elements must lie in.
    func covers(_ entry: Entry) -> Bool {
        if let range = options.portRange, let port = entry.port {
            return range.contains(port.lower) && range.contains(port.upper)
        }
        if let range = options.addressRange, let first = entry.first {
            return range.contains(first.address) && range.contains(entry.firstEnd ?? first.last)
        }
        return true
    }
}
