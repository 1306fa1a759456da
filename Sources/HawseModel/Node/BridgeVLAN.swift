/// Whose tags a VLAN's frames have.
public enum VLANProtocol: UInt16, Hashable, Sendable, CaseIterable {
    case customer = 0x8100
    case service = 0x88a8

    /// As iproute2 writes it; read without regard to case.
    public var text: String { self == .customer ? "802.1Q" : "802.1ad" }

    public init?(_ text: String) {
        guard let known = Self.allCases.first(where: { $0.text.lowercased() == text.lowercased() }) else { return nil }
        self = known
    }
}

/// A VLAN of a bridge port, or of the bridge itself (`bridge vlan add`).
public struct BridgeVLAN: Hashable, Sendable {
    /// 1 to 4094.
    public var id: UInt16
    /// Frames that come without a tag belong to it.
    public var isPVID: Bool
    /// Its frames leave without a tag.
    public var isUntagged: Bool

    public init(id: UInt16, isPVID: Bool = false, isUntagged: Bool = false) {
        self.id = id
        self.isPVID = isPVID
        self.isUntagged = isUntagged
    }

    /// What a bridge gives each of its ports, and itself (`vlan_default_pvid`).
    public static let initial = BridgeVLAN(id: 1, isPVID: true, isUntagged: true)
}

extension BridgeVLAN: CustomStringConvertible {
    /// `20 pvid untagged`.
    public var description: String { "\(id)" + (isPVID ? " pvid" : "") + (isUntagged ? " untagged" : "") }
}
