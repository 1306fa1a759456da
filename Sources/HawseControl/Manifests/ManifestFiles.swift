import Foundation
import HawseModel

extension ManifestLoader {
    /// The file names that a folder is searched for, as kubectl has it.
    static let suffixes = [".yaml", ".yml", ".json", ".yaml.gz", ".yml.gz", ".json.gz"]

    /// Reads a file, a folder (with `recursive`, its sub-folders too) or `-`, the standard input.
    public mutating func load(path: String, recursive: Bool = false) {
        if path == "-" {
            load(filePath: path, name: "<stdin>")
            return
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            report("no such file or folder", .error, at: .none, file: path)
            return
        }
        if !isFolder.boolValue {
            load(filePath: path)
            return
        }
        let names = manifestNames(in: path, recursive: recursive)
        if names.isEmpty {
            report(
                "the folder holds no .yaml, .yml or .json file\(recursive ? "" : " (sub-folders need -R)")", .error,
                at: .none, file: path)
        }
        for name in names { load(filePath: name) }
    }

    private func manifestNames(in folder: String, recursive: Bool) -> [String] {
        let entries = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var names: [String] = []
        for entry in entries {
            let path = folder.hasSuffix("/") ? folder + entry : "\(folder)/\(entry)"
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { continue }
            if isFolder.boolValue {
                if recursive { names += manifestNames(in: path, recursive: true) }
            } else if Self.suffixes.contains(where: entry.hasSuffix) {
                names.append(path)
            }
        }
        return names
    }

    private mutating func load(filePath: String, name: String? = nil) {
        do throws(WholeFile.Failure) { load(data: Data(try WholeFile.read(filePath)), file: name ?? filePath) } catch {
            report("\(error)", .error, at: .none, file: name ?? filePath)
        }
    }

    private mutating func load(data: Data, file: String) {
        var data = data
        if data.starts(with: [0x1f, 0x8b]) {
            guard let plain = GzipText.inflate(data, limit: WholeFile.sizeLimit) else {
                report("damaged gzip data", .error, at: .none, file: file)
                return
            }
            data = plain
        }
        guard let text = String(data: data, encoding: .utf8) else {
            let isWide = data.starts(with: [0xff, 0xfe]) || data.starts(with: [0xfe, 0xff])
            report(isWide ? "this is UTF-16, as PowerShell writes it: UTF-8 is wanted" : "not UTF-8 text", .error, at: .none, file: file)
            return
        }
        load(text: text, file: file)
    }
}
