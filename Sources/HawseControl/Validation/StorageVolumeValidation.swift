import HawseModel

/// Volumes of particular storage systems that ask for more than names.
enum StorageVolumeValidation {
    static func check(_ source: ManifestNode, _ kind: String, at path: String) -> [FieldError] {
        switch kind {
        case "iscsi": iscsi(source, at: path)
        case "fc": fibreChannel(source, at: path)
        case "flocker": flocker(source, at: path)
        case "quobyte": quobyte(source, at: path)
        case "azureDisk": azureDisk(source, at: path)
        case "storageos": storageOS(source, at: path)
        default: []
        }
    }

    // MARK: iSCSI and fibre channel

    private static func iscsi(_ source: ManifestNode, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if (source["targetPortal"]?.text ?? "").isEmpty { errors.append(.required("\(path).targetPortal")) }
        let name = source["iqn"]?.text ?? ""
        errors += name.isEmpty ? [.required("\(path).iqn")] : initiator(name, at: "\(path).iqn")
        errors += unit(source["lun"], at: path)
        let authenticates = ["chapAuthDiscovery", "chapAuthSession"].contains { source[$0]?.flag == true }
        if authenticates, VolumeSourceValidation.given(source, "secretRef") == nil {
            errors.append(.required("\(path).secretRef"))
        }
        if let name = source["initiatorName"]?.text { errors += initiator(name, at: "\(path).initiatorname") }
        return errors
    }

    private static func unit(_ node: ManifestNode?, at path: String) -> [FieldError] {
        guard let unit = node?.int, !(0...255).contains(unit) else { return [] }
        return [.invalid("\(path).lun", unit, "must be between 0 and 255, inclusive")]
    }

    /// A name of RFC 3720: `iqn.2001-04.com.example:disk`, `eui.` and 16 digits, `naa.` and 32.
    private static func initiator(_ name: String, at path: String) -> [FieldError] {
        func isWord(_ byte: UInt8) -> Bool {
            (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
        }
        let isGood: Bool
        switch name.prefix(3) {
        case "iqn": isGood = isQualifiedInitiator(name)
        case "eui": isGood = name.utf8.count == 20 && name.utf8.dropFirst(4).allSatisfy(isWord)
        case "naa": isGood = name.utf8.count == 36 && name.utf8.dropFirst(4).allSatisfy(isWord)
        default: return [.invalid(path, name, "must be valid format starting with iqn, eui, or naa")]
        }
        return isGood ? [] : [.invalid(path, name, "must be valid format")]
    }

    private static func isQualifiedInitiator(_ name: String) -> Bool {
        let parts = name.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "iqn", parts[1].utf8.count == 7 else { return false }
        for (index, byte) in parts[1].utf8.enumerated() {
            guard index == 4 ? byte == UInt8(ascii: "-") : (48...57).contains(byte) else { return false }
        }
        let rest = parts[2].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard rest.count == 2, !rest[0].isEmpty, !rest[1].isEmpty else { return false }
        let isPlain = rest[0].utf8.allSatisfy {
            (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 46
        }
        return isPlain && !rest[1].contains { ",;*&$|".contains($0) || $0.isWhitespace }
    }

    private static func fibreChannel(_ source: ManifestNode, at path: String) -> [FieldError] {
        let targets = source["targetWWNs"]?.items ?? []
        let names = source["wwids"]?.items ?? []
        var errors: [FieldError] = []
        if targets.isEmpty, names.isEmpty {
            errors.append(.required("\(path).targetWWNs", "must specify either targetWWNs or wwids, but not both"))
        }
        if !targets.isEmpty, !names.isEmpty {
            errors.append(
                .invalid(
                    "\(path).targetWWNs", json: JSONWriter.compact(ManifestNode(.list(targets))),
                    "targetWWNs and wwids can not be specified simultaneously"))
        }
        guard !targets.isEmpty else { return errors }
        guard VolumeSourceValidation.given(source, "lun") != nil else {
            return errors + [.required("\(path).lun", "lun is required if targetWWNs is specified")]
        }
        return errors + unit(source["lun"], at: path)
    }

    // MARK: Others

    private static func flocker(_ source: ManifestNode, at path: String) -> [FieldError] {
        let (name, id) = (source["datasetName"]?.text ?? "", source["datasetUUID"]?.text ?? "")
        var errors: [FieldError] = []
        if name.isEmpty, id.isEmpty { errors.append(.required(path, "one of datasetName and datasetUUID is required")) }
        if !name.isEmpty, !id.isEmpty {
            errors.append(.invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously"))
        }
        if name.contains("/") { errors.append(.invalid("\(path).datasetName", name, "must not contain '/'")) }
        return errors
    }

    private static func quobyte(_ source: ManifestNode, at path: String) -> [FieldError] {
        let registry = source["registry"]?.text ?? ""
        let detail = "must be a host:port pair or multiple pairs separated by commas"
        var errors: [FieldError] = []
        if registry.isEmpty {
            errors.append(.required("\(path).registry", detail))
        } else if (source["tenant"]?.text ?? "").utf8.count >= 65 {
            errors.append(.required("\(path).tenant", "must be a UUID and may not exceed a length of 64 characters"))
        } else {
            for pair in registry.split(separator: ",", omittingEmptySubsequences: false) where !isHostPort(pair) {
                errors.append(.invalid("\(path).registry", registry, detail))
            }
        }
        if (source["volume"]?.text ?? "").isEmpty { errors.append(.required("\(path).volume")) }
        return errors
    }

    /// `net.SplitHostPort`: one colon, or an address in brackets before it.
    private static func isHostPort(_ text: Substring) -> Bool {
        guard let colon = text.lastIndex(of: ":") else { return false }
        let host = text[..<colon]
        if host.hasPrefix("[") { return host.hasSuffix("]") && host.dropFirst().dropLast().allSatisfy { $0 != "[" && $0 != "]" } }
        return !host.contains(":") && !text.contains("[") && !text.contains("]")
    }

    private static func azureDisk(_ source: ManifestNode, at path: String) -> [FieldError] {
        var errors: [FieldError] = ["diskName", "diskURI"].filter { (source[$0]?.text ?? "").isEmpty }
            .map { .required("\(path).\($0)") }
        for (field, known) in [
            ("cachingMode", ["None", "ReadOnly", "ReadWrite"]), ("kind", ["Dedicated", "Managed", "Shared"]),
        ] {
            if let word = source[field]?.text, !known.contains(word) {
                errors.append(.notSupported("\(path).\(field)", word, known))
            }
        }
        guard let kind = source["kind"]?.text else { return errors }
        let address = source["diskURI"]?.text ?? ""
        let (start, form) = kind == "Managed"
            ? (
                "/subscriptions/",
                "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
            ) : ("https://", "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd")
        if !address.hasPrefix(start) { errors.append(.notSupported("\(path).diskURI", address, [form])) }
        return errors
    }

    private static func storageOS(_ source: ManifestNode, at path: String) -> [FieldError] {
        let name = source["volumeName"]?.text ?? ""
        var errors: [FieldError] = name.isEmpty
            ? [.required("\(path).volumeName")] : NameFormat.label(name).map { .invalid("\(path).volumeName", name, $0) }
        if let space = source["volumeNamespace"]?.text, !space.isEmpty {
            errors += NameFormat.label(space).map { .invalid("\(path).volumeNamespace", space, $0) }
        }
        return errors + VolumeSourceValidation.secret(source["secretRef"], at: "\(path).secretRef")
    }
}
