@testable import HawseWire

/// Bit offsets and widths, taken from the RFCs and not from the lenses.
let linkHeaders: [HeaderCase] = [
    HeaderCase(
        name: "EthernetHeader", length: 14,
        fields: [
            FieldCase(
                "destination", 0, 48, { EthernetHeader($0).destination.value },
                { EthernetHeader($0).destination = MACAddress($1) }),
            FieldCase(
                "source", 48, 48, { EthernetHeader($0).source.value },
                { EthernetHeader($0).source = MACAddress($1) }),
            FieldCase(
                "etherType", 96, 16, { EthernetHeader($0).etherType.rawValue },
                { EthernetHeader($0).etherType = EtherType(rawValue: $1) }),
        ]),
    HeaderCase(
        name: "VLANTag", length: 4,
        fields: [
            FieldCase(
                "tagType", 0, 16, { VLANTag($0).tagType.rawValue },
                { VLANTag($0).tagType = EtherType(rawValue: $1) }),
            FieldCase("control", 16, 16, { VLANTag($0).control }, { VLANTag($0).control = $1 }),
            FieldCase("priority", 16, 3, { VLANTag($0).priority }, { VLANTag($0).priority = $1 }),
            FieldCase(
                flag: "dropEligible", 19, { VLANTag($0).dropEligible }, { VLANTag($0).dropEligible = $1 }),
            FieldCase("vlan", 20, 12, { VLANTag($0).vlan }, { VLANTag($0).vlan = $1 }),
        ]),
    HeaderCase(
        name: "ARPHeader", length: 28,
        fields: [
            FieldCase(
                "hardwareType", 0, 16, { ARPHeader($0).hardwareType }, { ARPHeader($0).hardwareType = $1 }),
            FieldCase(
                "protocolType", 16, 16, { ARPHeader($0).protocolType.rawValue },
                { ARPHeader($0).protocolType = EtherType(rawValue: $1) }),
            FieldCase(
                "hardwareLength", 32, 8, { ARPHeader($0).hardwareLength },
                { ARPHeader($0).hardwareLength = $1 }),
            FieldCase(
                "protocolLength", 40, 8, { ARPHeader($0).protocolLength },
                { ARPHeader($0).protocolLength = $1 }),
            FieldCase("operation", 48, 16, { ARPHeader($0).operation }, { ARPHeader($0).operation = $1 }),
            FieldCase(
                "senderMAC", 64, 48, { ARPHeader($0).senderMAC.value },
                { ARPHeader($0).senderMAC = MACAddress($1) }),
            FieldCase(
                "senderAddress", 112, 32, { ARPHeader($0).senderAddress },
                { ARPHeader($0).senderAddress = $1 }),
            FieldCase(
                "targetMAC", 144, 48, { ARPHeader($0).targetMAC.value },
                { ARPHeader($0).targetMAC = MACAddress($1) }),
            FieldCase(
                "targetAddress", 192, 32, { ARPHeader($0).targetAddress },
                { ARPHeader($0).targetAddress = $1 }),
        ]),
]

/// Bit offsets and widths, taken from the RFCs and not from the lenses.
let networkHeaders: [HeaderCase] = [
    HeaderCase(
        name: "IPv4Header", length: 20,
        fields: [
            FieldCase("version", 0, 4, { IPv4Header($0).version }, { IPv4Header($0).version = $1 }),
            FieldCase(
                "headerLength", 4, 4, { IPv4Header($0).headerLength / 4 },
                { IPv4Header($0).headerLength = ($1 & 0xf) * 4 }),
            FieldCase("tos", 8, 8, { IPv4Header($0).tos }, { IPv4Header($0).tos = $1 }),
            FieldCase("dscp", 8, 6, { IPv4Header($0).dscp }, { IPv4Header($0).dscp = $1 }),
            FieldCase("ecn", 14, 2, { IPv4Header($0).ecn }, { IPv4Header($0).ecn = $1 }),
            FieldCase(
                "totalLength", 16, 16, { IPv4Header($0).totalLength }, { IPv4Header($0).totalLength = $1 }),
            FieldCase(
                "identification", 32, 16, { IPv4Header($0).identification },
                { IPv4Header($0).identification = $1 }),
            FieldCase(
                "fragmentField", 48, 16, { IPv4Header($0).fragmentField },
                { IPv4Header($0).fragmentField = $1 }),
            FieldCase(
                flag: "dontFragment", 49, { IPv4Header($0).dontFragment },
                { IPv4Header($0).dontFragment = $1 }),
            FieldCase(
                flag: "moreFragments", 50, { IPv4Header($0).moreFragments },
                { IPv4Header($0).moreFragments = $1 }),
            FieldCase(
                "fragmentOffset", 51, 13, { IPv4Header($0).fragmentOffset / 8 },
                { IPv4Header($0).fragmentOffset = ($1 & 0x1fff) * 8 }),
            FieldCase("ttl", 64, 8, { IPv4Header($0).ttl }, { IPv4Header($0).ttl = $1 }),
            FieldCase(
                "protocolNumber", 72, 8, { IPv4Header($0).protocolNumber.rawValue },
                { IPv4Header($0).protocolNumber = IPProtocol(rawValue: $1) }),
            FieldCase("checksum", 80, 16, { IPv4Header($0).checksum }, { IPv4Header($0).checksum = $1 }),
            FieldCase("source", 96, 32, { IPv4Header($0).source }, { IPv4Header($0).source = $1 }),
            FieldCase(
                "destination", 128, 32, { IPv4Header($0).destination }, { IPv4Header($0).destination = $1 }),
            FieldCase(
                "sourceBits", 96, 32, { IPv4Header($0).sourceBits.low },
                { IPv4Header($0).sourceBits = AddressBits(high: 0, low: $1) }),
            FieldCase(
                "destinationBits", 128, 32, { IPv4Header($0).destinationBits.low },
                { IPv4Header($0).destinationBits = AddressBits(high: 0, low: $1) }),
        ]),
    HeaderCase(
        name: "IPv6Header", length: 40,
        fields: [
            FieldCase("version", 0, 4, { IPv6Header($0).version }, { IPv6Header($0).version = $1 }),
            FieldCase(
                "versionWord", 0, 32, { IPv6Header($0).versionWord }, { IPv6Header($0).versionWord = $1 }),
            FieldCase(
                "trafficClass", 4, 8, { IPv6Header($0).trafficClass }, { IPv6Header($0).trafficClass = $1 }),
            FieldCase("flowLabel", 12, 20, { IPv6Header($0).flowLabel }, { IPv6Header($0).flowLabel = $1 }),
            FieldCase(
                "payloadLength", 32, 16, { IPv6Header($0).payloadLength },
                { IPv6Header($0).payloadLength = $1 }),
            FieldCase(
                "nextHeader", 48, 8, { IPv6Header($0).nextHeader.rawValue },
                { IPv6Header($0).nextHeader = IPProtocol(rawValue: $1) }),
            FieldCase("hopLimit", 56, 8, { IPv6Header($0).hopLimit }, { IPv6Header($0).hopLimit = $1 }),
        ]
            + FieldCase.address("source", 64, { IPv6Header($0).source }, { IPv6Header($0).source = $1 })
            + FieldCase.address(
                "destination", 192, { IPv6Header($0).destination }, { IPv6Header($0).destination = $1 })),
    HeaderCase(
        name: "IPv6FragmentHeader", length: 8,
        fields: [
            FieldCase(
                "nextHeader", 0, 8, { IPv6FragmentHeader($0).nextHeader.rawValue },
                { IPv6FragmentHeader($0).nextHeader = IPProtocol(rawValue: $1) }),
            FieldCase(
                "reserved", 8, 8, { IPv6FragmentHeader($0).reserved },
                { IPv6FragmentHeader($0).reserved = $1 }),
            FieldCase(
                "fragmentOffset", 16, 13, { IPv6FragmentHeader($0).fragmentOffset / 8 },
                { IPv6FragmentHeader($0).fragmentOffset = ($1 & 0x1fff) * 8 }),
            FieldCase(
                flag: "moreFragments", 31, { IPv6FragmentHeader($0).moreFragments },
                { IPv6FragmentHeader($0).moreFragments = $1 }),
            FieldCase(
                "identification", 32, 32, { IPv6FragmentHeader($0).identification },
                { IPv6FragmentHeader($0).identification = $1 }),
        ]),
    HeaderCase(
        name: "IPv6OptionsHeader", length: 8,
        fields: [
            FieldCase(
                "nextHeader", 0, 8, { IPv6OptionsHeader($0).nextHeader.rawValue },
                { IPv6OptionsHeader($0).nextHeader = IPProtocol(rawValue: $1) }),
            FieldCase(
                "lengthField", 8, 8, { IPv6OptionsHeader($0).lengthField },
                { IPv6OptionsHeader($0).lengthField = $1 }),
            FieldCase(
                "headerLength", 8, 8, { (IPv6OptionsHeader($0).headerLength - 8) / 8 },
                { IPv6OptionsHeader($0).headerLength = ($1 & 0xff) * 8 + 8 }),
        ]),
    HeaderCase(
        name: "IPv6RoutingHeader", length: 8,
        fields: [
            FieldCase(
                "nextHeader", 0, 8, { IPv6RoutingHeader($0).nextHeader.rawValue },
                { IPv6RoutingHeader($0).nextHeader = IPProtocol(rawValue: $1) }),
            FieldCase(
                "lengthField", 8, 8, { IPv6RoutingHeader($0).lengthField },
                { IPv6RoutingHeader($0).lengthField = $1 }),
            FieldCase(
                "headerLength", 8, 8, { (IPv6RoutingHeader($0).headerLength - 8) / 8 },
                { IPv6RoutingHeader($0).headerLength = ($1 & 0xff) * 8 + 8 }),
            FieldCase("type", 16, 8, { IPv6RoutingHeader($0).type }, { IPv6RoutingHeader($0).type = $1 }),
            FieldCase(
                "segmentsLeft", 24, 8, { IPv6RoutingHeader($0).segmentsLeft },
                { IPv6RoutingHeader($0).segmentsLeft = $1 }),
        ]),
    HeaderCase(
        name: "AHHeader", length: 12,
        fields: [
            FieldCase(
                "nextHeader", 0, 8, { AHHeader($0).nextHeader.rawValue },
                { AHHeader($0).nextHeader = IPProtocol(rawValue: $1) }),
            FieldCase("lengthField", 8, 8, { AHHeader($0).lengthField }, { AHHeader($0).lengthField = $1 }),
            FieldCase(
                "headerLength", 8, 8, { (AHHeader($0).headerLength - 8) / 4 },
                { AHHeader($0).headerLength = ($1 & 0xff) * 4 + 8 }),
            FieldCase("reserved", 16, 16, { AHHeader($0).reserved }, { AHHeader($0).reserved = $1 }),
            FieldCase("spi", 32, 32, { AHHeader($0).spi }, { AHHeader($0).spi = $1 }),
            FieldCase("sequence", 64, 32, { AHHeader($0).sequence }, { AHHeader($0).sequence = $1 }),
        ]),
    HeaderCase(
        name: "ESPHeader", length: 8,
        fields: [
            FieldCase("spi", 0, 32, { ESPHeader($0).spi }, { ESPHeader($0).spi = $1 }),
            FieldCase("sequence", 32, 32, { ESPHeader($0).sequence }, { ESPHeader($0).sequence = $1 }),
        ]),
]
