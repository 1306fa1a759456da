import HawseModel
import Testing

@Suite struct SysctlsTests {
    @Test func valuesAreReadAsNumbers() {
        let sysctls = Sysctls(["a": "7", "b": "4096\t131072\t6291456", "c": "", "d": "word", "e": " 5 "])
        #expect(sysctls.integer("a", default: 1) == 7)
        #expect(sysctls.integer("b", default: 1) == 4096)
        #expect(sysctls.integer("c", default: 1) == 1)
        #expect(sysctls.integer("d", default: 1) == 1)
        #expect(sysctls.integer("e", default: 1) == 5)
        #expect(sysctls.integer("none", default: 9) == 9)
        #expect(sysctls.isOn("a", default: false))
        #expect(!sysctls.isOn("none", default: false))
    }

    @Test func aDevicesOwnSettingGoesBeforeTheDefault() {
        let sysctls = Sysctls(["net.ipv4.conf.default.rp_filter": "1", "net.ipv4.conf.eth0.rp_filter": "2"])
        #expect(sysctls.device("eth0", "rp_filter") == 2)
        #expect(sysctls.device("eth1", "rp_filter") == 1)
        #expect(sysctls.device("eth0", "rp_filter", family: "ipv6") == nil)
    }
}
