import HawseWire

extension Flannel {
    /// How pod packets cross from node to node.
    public enum Backend: Hashable, Sendable {
        case vxlan(VXLANBackend)
        case hostGateway
        case ipip(directRouting: Bool)
        case udp(UDPBackend)
        case wireguard(WireGuardBackend)
        /// Subnets are allotted and nothing else is done: the cloud routes.
        case alloc

        public static let typeNames = ["vxlan", "host-gw", "ipip", "udp", "wireguard", "alloc"]

        public var typeName: String {
            switch self {
            case .vxlan: "vxlan"
            case .hostGateway: "host-gw"
            case .ipip: "ipip"
            case .udp: "udp"
            case .wireguard: "wireguard"
            case .alloc: "alloc"
            }
        }

        /// Whether leases of this backend may carry an IPv6 subnet.
        public var supportsIPv6: Bool {
            switch self {
            case .vxlan, .hostGateway, .wireguard: true
            case .ipip, .udp, .alloc: false
            }
        }

        /// Bytes that flannel keeps free in every packet. For VXLAN it is 50 whatever the underlay's family, though an
        /// IPv6 underlay takes 70: see `Finding`.
        public var reservedBytes: Int {
            switch self {
            case .vxlan: 50
            case .hostGateway, .alloc: 0
            case .ipip: 20
            case .udp: 28
            case .wireguard: 80
            }
        }

        /// Bytes that the backend really puts in front of an inner IP packet over an underlay of that family, without
        /// the outer Ethernet header.
        public func addedBytes(underlay: AddressFamily) -> Int {
            let outer = underlay == .ipv4 ? 20 : 40
            switch self {
            case .vxlan: return outer + 8 + 8 + 14
            case .hostGateway, .alloc: return 0
            case .ipip: return outer
            case .udp: return outer + 8
            case .wireguard: return outer + 8 + 16 + 16
            }
        }

        /// MTU of the pods' devices over an underlay device of that MTU (`FLANNEL_MTU`).
        public func podMTU(underlay mtu: Int) -> Int {
            switch self {
            case .vxlan(let options): (options.mtu ?? mtu) - reservedBytes
            case .wireguard(let options): (options.mtu ?? mtu) - reservedBytes
            default: mtu - reservedBytes
            }
        }
    }

    public struct VXLANBackend: Hashable, Sendable {
        public var vni: UInt32
        /// 0: the kernel's choice, 8472.
        public var port: UInt16
        /// The underlay's MTU to reckon with; `nil`: that of the device.
        public var mtu: Int?
        public var gbp: Bool
        public var learning: Bool
        /// Peers on the same link get a plain route.
        public var directRouting: Bool

        public init(
            vni: UInt32 = 1, port: UInt16 = 0, mtu: Int? = nil, gbp: Bool = false, learning: Bool = false,
            directRouting: Bool = false
        ) {
            self.vni = vni
            self.port = port
            self.mtu = mtu
            self.gbp = gbp
            self.learning = learning
            self.directRouting = directRouting
        }

        /// The UDP port on the wire.
        public var effectivePort: UInt16 { port == 0 ? 8472 : port }
        public func deviceName(_ family: AddressFamily) -> String {
            family == .ipv4 ? "flannel.\(vni)" : "flannel-v6.\(vni)"
        }
    }

    /// The old user-space tunnel: inner IP packets in UDP.
    public struct UDPBackend: Hashable, Sendable {
        public var port: UInt16

        public init(port: UInt16 = 8285) { self.port = port }
    }

    public struct WireGuardBackend: Hashable, Sendable {
        public enum Mode: String, Hashable, Sendable, CaseIterable {
            /// A device for each family.
            case separate
            case auto
            case ipv4
            case ipv6
        }

        public var listenPort: UInt16
        public var listenPortV6: UInt16
        public var mtu: Int?
        public var preSharedKey: String
        /// Seconds; 0: none.
        public var keepalive: Int
        public var mode: Mode

        public init(
            listenPort: UInt16 = 51820, listenPortV6: UInt16 = 51821, mtu: Int? = nil, preSharedKey: String = "",
            keepalive: Int = 0, mode: Mode = .separate
        ) {
            self.listenPort = listenPort
            self.listenPortV6 = listenPortV6
            self.mtu = mtu
            self.preSharedKey = preSharedKey
            self.keepalive = keepalive
            self.mode = mode
        }

        public func port(_ family: AddressFamily) -> UInt16 {
            family == .ipv6 && mode == .separate ? listenPortV6 : listenPort
        }
    }
}
