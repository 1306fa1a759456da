import Foundation
import Hawse
import Testing

/// Every optimisation is only that: with the flow cache or the classifiers off, or with tracing on, each golden case gives
/// the same frames, counters and states.
@Suite struct EquivalenceTests {
    @Test(arguments: GoldenTests.suites)
    func optimisationsChangeNothing(_ suite: String) throws {
        for directory in try GoldenCase.directories([GoldenTests.root + "/pcaps/cases/" + suite]) {
            let usual = try GoldenCaseRun.produce(directory)
            for (name, options) in [
                ("flow cache off", GoldenCaseRun.Options(usesFlowCache: false)),
                ("classifiers off", GoldenCaseRun.Options(usesClassifiers: false)),
                ("traced", GoldenCaseRun.Options(isTraced: true)),
            ] {
                let other = try GoldenCaseRun.produce(directory, options)
                #expect(other == usual, "\(directory): \(name)")
            }
        }
    }
}
