import HawseModel
import HawseWire

/// TCP options that SYNPROXY reads and writes (`struct synproxy_options`).
struct SynproxySegmentOptions {
    /// `XT_SYNPROXY_OPT_*`
    struct Kinds: OptionSet, BitwiseCopyable {
        var rawValue: UInt8
        static let mss = Kinds(rawValue: 0x01)
        static let windowScale = Kinds(rawValue: 0x02)
        static let sackPermitted = Kinds(rawValue: 0x04)
        static let timestamp = Kinds(rawValue: 0x08)
        static let ecn = Kinds(rawValue: 0x10)
    }

    var kinds: Kinds = []
    var windowScale: UInt8 = 0
    var mss: UInt16 = 0
    var timestampValue: UInt32 = 0
    var timestampEcho: UInt32 = 0

    init() {}

    /// `synproxy_parse_options`
    init(_ tcp: TCPHeader, available: Int) {
        for option in tcp.options(available: available) {
            if let value = option.maximumSegmentSize {
                mss = value
                kinds.insert(.mss)
            } else if let shift = option.windowScale {
                windowScale = min(shift, 14)
                kinds.insert(.windowScale)
            } else if let stamps = option.timestamps {
                (timestampValue, timestampEcho) = stamps
                kinds.insert(.timestamp)
            } else if option.isSACKPermitted {
                kinds.insert(.sackPermitted)
            }
        }
    }

    /// `synproxy_options_size`
    var byteCount: Int {
        var count = kinds.contains(.mss) ? 4 : 0
        if kinds.contains(.timestamp) { count += 12 } else if kinds.contains(.sackPermitted) { count += 4 }
        return count + (kinds.contains(.windowScale) ? 4 : 0)
    }

    /// `synproxy_build_options`
    func write(to base: UnsafeMutableRawPointer) {
        var at = 0
        func put(_ word: UInt32) {
            base.storeBE32(word, at: at)
            at += 4
        }
        if kinds.contains(.mss) { put(0x0204_0000 | UInt32(mss)) }
        if kinds.contains(.timestamp) {
            put(kinds.contains(.sackPermitted) ? 0x0402_080a : 0x0101_080a)
            put(timestampValue)
            put(timestampEcho)
        } else if kinds.contains(.sackPermitted) {
            put(0x0101_0402)
        }
        if kinds.contains(.windowScale) { put(0x0103_0300 | UInt32(windowScale)) }
    }

    /// `synproxy_init_timestamp_cookie`: what the client offered goes into the low six bits of the stamp that it will echo.
    mutating func hide(in clock: UInt32, ownScale: UInt8) {
        timestampEcho = timestampValue
        timestampValue = clock & ~0x3f
        if kinds.contains(.windowScale) {
            timestampValue |= UInt32(windowScale)
            windowScale = ownScale
        } else {
            timestampValue |= 0xf
        }
        if kinds.contains(.sackPermitted) { timestampValue |= 1 << 4 }
        if kinds.contains(.ecn) { timestampValue |= 1 << 5 }
    }

    /// `synproxy_check_timestamp_cookie`
    mutating func recover() {
        windowScale = UInt8(timestampEcho & 0xf)
        if windowScale != 0xf { kinds.insert(.windowScale) }
        if timestampEcho & 1 << 4 != 0 { kinds.insert(.sackPermitted) }
        if timestampEcho & 1 << 5 != 0 { kinds.insert(.ecn) }
    }
}
