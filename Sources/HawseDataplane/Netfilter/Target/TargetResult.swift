import HawseModel
import HawseWire

/// What a target says (`XT_CONTINUE`, `NF_ACCEPT`, `NF_DROP`, `NF_STOLEN`).
enum TargetResult {
    case `continue`
    case accept
    case drop
    case stolen

    @inline(__always)
    init(_ verdict: Verdict) {
        switch verdict {
        case .accept: self = .accept
        case .drop: self = .drop
        case .stolen, .output: self = .stolen
        }
    }
}
