import HawseModel
import Testing

@Suite struct NearestWordTests {
    static let options = ["--dport", "--sport", "--syn", "--tcp-flags"]

    @Test(arguments: [("--dprt", "--dport"), ("--sprot", "--sport"), ("--SYN", "--syn"), ("--tcp-flag", "--tcp-flags")])
    func aSlipIsRecognised(word: String, meant: String) {
        #expect(nearestWord(word, among: Self.options) == meant)
    }

    @Test func anotherWordIsNot() {
        #expect(nearestWord("--connlimit-above", among: Self.options) == nil)
        #expect(nearestWord("anything", among: []) == nil)
    }

    @Test func ofTwoEquallyNearTheFirstByNameIsGiven() {
        #expect(nearestWord("cat", among: ["car", "bat"]) == "bat")
        #expect(nearestWord("cat", among: ["bat", "car"]) == "bat")
    }
}
