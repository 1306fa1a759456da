import Foundation
import Hawse
import Testing

/// What a real kernel did, case by case. A suite listed as complete must pass as a whole; of the others the cases listed in
/// `unfinished.txt` may fail, and one that passes although it is listed is an error too: the list is the truth.
@Suite struct GoldenTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static let suites: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: root + "/pcaps/cases")) ?? []).sorted()

    static let unfinished: Set<String> = {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/unfinished.txt"
        let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
        return Set(text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") })
    }()

    @Test func allSuitesArePresent() {
        #expect(Self.suites.count >= 18)
    }

    @Test(arguments: suites)
    func suite(_ name: String) throws {
        let directories = try GoldenCase.directories([Self.root + "/pcaps/cases/" + name])
        #expect(!directories.isEmpty)
        for directory in directories {
            let report = GoldenCaseRun.verify(directory)
            if Self.unfinished.contains(report.name) {
                #expect(report.result != .pass, "\(report.name) passes: take it off unfinished.txt")
            } else {
                #expect(report.result == .pass, "\(report.name): \(report.result.rawValue): \(report.why)")
            }
        }
    }
}
