@testable import HawseWire

/// Bit offsets and widths, taken from the RFCs and not from the lenses.
let transportHeaders: [HeaderCase] = [
    HeaderCase(
        name: "TCPHeader", length: 20,
        fields: [
            FieldCase("sourcePort", 0, 16, { TCPHeader($0).sourcePort }, { TCPHeader($0).sourcePort = $1 }),
            FieldCase(
                "destinationPort", 16, 16, { TCPHeader($0).destinationPort },
                { TCPHeader($0).destinationPort = $1 }),
            FieldCase("sequence", 32, 32, { TCPHeader($0).sequence }, { TCPHeader($0).sequence = $1 }),
            FieldCase(
                "acknowledgement", 64, 32, { TCPHeader($0).acknowledgement },
                { TCPHeader($0).acknowledgement = $1 }),
            FieldCase(
                "headerLength", 96, 4, { TCPHeader($0).headerLength / 4 },
                { TCPHeader($0).headerLength = ($1 & 0xf) * 4 }),
            FieldCase(
                "flags", 104, 8, { TCPHeader($0).flags.rawValue },
                { TCPHeader($0).flags = TCPFlags(rawValue: $1) }),
            FieldCase("window", 112, 16, { TCPHeader($0).window }, { TCPHeader($0).window = $1 }),
            FieldCase("checksum", 128, 16, { TCPHeader($0).checksum }, { TCPHeader($0).checksum = $1 }),
            FieldCase("urgent", 144, 16, { TCPHeader($0).urgent }, { TCPHeader($0).urgent = $1 }),
        ]),
    HeaderCase(
        name: "UDPHeader", length: 8,
        fields: [
            FieldCase("sourcePort", 0, 16, { UDPHeader($0).sourcePort }, { UDPHeader($0).sourcePort = $1 }),
            FieldCase(
                "destinationPort", 16, 16, { UDPHeader($0).destinationPort },
                { UDPHeader($0).destinationPort = $1 }),
            FieldCase(
                "datagramLength", 32, 16, { UDPHeader($0).datagramLength },
                { UDPHeader($0).datagramLength = $1 }),
            FieldCase("checksum", 48, 16, { UDPHeader($0).checksum }, { UDPHeader($0).checksum = $1 }),
        ]),
    HeaderCase(
        name: "SCTPHeader", length: 12,
        fields: [
            FieldCase("sourcePort", 0, 16, { SCTPHeader($0).sourcePort }, { SCTPHeader($0).sourcePort = $1 }),
            FieldCase(
                "destinationPort", 16, 16, { SCTPHeader($0).destinationPort },
                { SCTPHeader($0).destinationPort = $1 }),
            FieldCase(
                "verificationTag", 32, 32, { SCTPHeader($0).verificationTag },
                { SCTPHeader($0).verificationTag = $1 }),
            FieldCase(
                "checksum", 64, 32, { SCTPHeader($0).checksum.byteSwapped },
                { SCTPHeader($0).checksum = $1.byteSwapped }),
        ]),
    HeaderCase(
        name: "DCCPHeader", length: 12,
        fields: [
            FieldCase("sourcePort", 0, 16, { DCCPHeader($0).sourcePort }, { DCCPHeader($0).sourcePort = $1 }),
            FieldCase(
                "destinationPort", 16, 16, { DCCPHeader($0).destinationPort },
                { DCCPHeader($0).destinationPort = $1 }),
            FieldCase("dataOffset", 32, 8, { DCCPHeader($0).dataOffset }, { DCCPHeader($0).dataOffset = $1 }),
            FieldCase(
                "headerLength", 32, 8, { DCCPHeader($0).headerLength / 4 },
                { DCCPHeader($0).headerLength = ($1 & 0xff) * 4 }),
            FieldCase("coverage", 40, 8, { DCCPHeader($0).coverage }, { DCCPHeader($0).coverage = $1 }),
            FieldCase("checksum", 48, 16, { DCCPHeader($0).checksum }, { DCCPHeader($0).checksum = $1 }),
            FieldCase("type", 67, 4, { DCCPHeader($0).type }, { DCCPHeader($0).type = $1 }),
            FieldCase(
                flag: "extendedSequence", 71, { DCCPHeader($0).extendedSequence },
                { DCCPHeader($0).extendedSequence = $1 }),
        ]),
    HeaderCase(
        name: "ICMPHeader", length: 8,
        fields: [
            FieldCase("type", 0, 8, { ICMPHeader($0).type }, { ICMPHeader($0).type = $1 }),
            FieldCase("code", 8, 8, { ICMPHeader($0).code }, { ICMPHeader($0).code = $1 }),
            FieldCase("checksum", 16, 16, { ICMPHeader($0).checksum }, { ICMPHeader($0).checksum = $1 }),
            FieldCase("rest", 32, 32, { ICMPHeader($0).rest }, { ICMPHeader($0).rest = $1 }),
            FieldCase(
                "identifier", 32, 16, { ICMPHeader($0).identifier }, { ICMPHeader($0).identifier = $1 }),
            FieldCase("sequence", 48, 16, { ICMPHeader($0).sequence }, { ICMPHeader($0).sequence = $1 }),
            FieldCase("mtu16", 48, 16, { ICMPHeader($0).mtu16 }, { ICMPHeader($0).mtu16 = $1 }),
            FieldCase("mtu", 32, 32, { ICMPHeader($0).mtu }, { ICMPHeader($0).mtu = $1 }),
            FieldCase("gateway", 32, 32, { ICMPHeader($0).gateway }, { ICMPHeader($0).gateway = $1 }),
            FieldCase("pointer", 32, 8, { ICMPHeader($0).pointer }, { ICMPHeader($0).pointer = $1 }),
        ]),
    HeaderCase(
        name: "NeighborDiscoveryHeader", length: 24,
        fields: [
            FieldCase(
                "type", 0, 8, { NeighborDiscoveryHeader($0).type }, { NeighborDiscoveryHeader($0).type = $1 }),
            FieldCase(
                "code", 8, 8, { NeighborDiscoveryHeader($0).code }, { NeighborDiscoveryHeader($0).code = $1 }),
            FieldCase(
                "checksum", 16, 16, { NeighborDiscoveryHeader($0).checksum },
                { NeighborDiscoveryHeader($0).checksum = $1 }),
            FieldCase(
                "flags", 32, 32, { NeighborDiscoveryHeader($0).flags },
                { NeighborDiscoveryHeader($0).flags = $1 }),
            FieldCase(
                flag: "isRouter", 32, { NeighborDiscoveryHeader($0).isRouter },
                { NeighborDiscoveryHeader($0).isRouter = $1 }),
            FieldCase(
                flag: "isSolicited", 33, { NeighborDiscoveryHeader($0).isSolicited },
                { NeighborDiscoveryHeader($0).isSolicited = $1 }),
            FieldCase(
                flag: "isOverride", 34, { NeighborDiscoveryHeader($0).isOverride },
                { NeighborDiscoveryHeader($0).isOverride = $1 }),
        ]
            + FieldCase.address(
                "target", 64, { NeighborDiscoveryHeader($0).target },
                { NeighborDiscoveryHeader($0).target = $1 })),
]

/// Bit offsets and widths, taken from the RFCs and not from the lenses.
let tunnelHeaders: [HeaderCase] = [
    HeaderCase(
        name: "GREHeader", length: 8,
        fields: [
            FieldCase("flags", 0, 16, { GREHeader($0).flags }, { GREHeader($0).flags = $1 }),
            FieldCase(
                flag: "hasChecksum", 0, { GREHeader($0).hasChecksum }, { GREHeader($0).hasChecksum = $1 }),
            FieldCase(flag: "hasKey", 2, { GREHeader($0).hasKey }, { GREHeader($0).hasKey = $1 }),
            FieldCase(
                flag: "hasSequence", 3, { GREHeader($0).hasSequence }, { GREHeader($0).hasSequence = $1 }),
            FieldCase("version", 13, 3, { GREHeader($0).version }, { GREHeader($0).version = $1 }),
            FieldCase(
                "protocolType", 16, 16, { GREHeader($0).protocolType.rawValue },
                { GREHeader($0).protocolType = EtherType(rawValue: $1) }),
            FieldCase("callID", 48, 16, { GREHeader($0).callID }, { GREHeader($0).callID = $1 }),
        ]),
    HeaderCase(
        name: "GUEHeader", length: 4,
        fields: [
            FieldCase("first", 0, 8, { GUEHeader($0).first }, { GUEHeader($0).first = $1 }),
            FieldCase(
                "headerLength", 3, 5, { (GUEHeader($0).headerLength - 4) / 4 },
                { GUEHeader($0).headerLength = ($1 & 0x1f) * 4 + 4 }),
            FieldCase(
                "protocolNumber", 8, 8, { GUEHeader($0).protocolNumber.rawValue },
                { GUEHeader($0).protocolNumber = IPProtocol(rawValue: $1) }),
            FieldCase("flags", 16, 16, { GUEHeader($0).flags }, { GUEHeader($0).flags = $1 }),
        ]),
    HeaderCase(
        name: "VXLANHeader", length: 8,
        fields: [
            FieldCase("flags", 0, 8, { VXLANHeader($0).flags }, { VXLANHeader($0).flags = $1 }),
            FieldCase(
                flag: "hasGroupPolicy", 0, { VXLANHeader($0).hasGroupPolicy },
                { VXLANHeader($0).hasGroupPolicy = $1 }),
            FieldCase(flag: "hasVNI", 4, { VXLANHeader($0).hasVNI }, { VXLANHeader($0).hasVNI = $1 }),
            FieldCase(
                "policyFlags", 8, 8, { VXLANHeader($0).policyFlags }, { VXLANHeader($0).policyFlags = $1 }),
            FieldCase(
                "groupPolicy", 16, 16, { VXLANHeader($0).groupPolicy }, { VXLANHeader($0).groupPolicy = $1 }),
            FieldCase("vni", 32, 24, { VXLANHeader($0).vni }, { VXLANHeader($0).vni = $1 }),
        ]),
]
