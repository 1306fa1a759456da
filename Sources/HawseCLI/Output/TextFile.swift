import Foundation
import Hawse

/// Whole text files; `-` is stdin.
enum TextFile {
    static func read(_ path: String) throws -> String {
        do { return try WholeFile.text(path) } catch { throw Failure.input("\(path): \(error)") }
    }

    static func write(_ text: String, to path: String) throws {
        do { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) } catch {
            throw Failure.input("\(path): cannot be written: \(reason(error))")
        }
    }

    static func makeFolder(_ path: String) throws {
        do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
            throw Failure.input("\(path): cannot be made: \(reason(error))")
        }
    }

    /// In the operating system's words where it has some.
    private static func reason(_ error: any Error) -> String {
        var current = error as NSError
        while current.domain != NSPOSIXErrorDomain, let inner = current.userInfo[NSUnderlyingErrorKey] as? NSError { current = inner }
        if current.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(truncatingIfNeeded: current.code))) }
        return errno == 0 ? error.localizedDescription : String(cString: strerror(errno))
    }
}
