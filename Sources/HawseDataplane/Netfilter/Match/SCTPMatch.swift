import HawseModel
import HawseWire

/// `-m sctp` (`sctp_mt`). Behind it stand the flag tests, as `SCTPMatch.Chunk`s of three bytes.
struct SCTPOperation: MatchOperation {
    typealias ChunkMap = (UInt64, UInt64, UInt64, UInt64)

    var sourcePorts: NumberRange<UInt16>
    var destinationPorts: NumberRange<UInt16>
    var hasChunks: Bool
    var chunksInverted: Bool
    /// As `SCTPMatch.Scope`.
    var scope: UInt8
    var flagTests: UInt8
    var chunks: ChunkMap = (0, 0, 0, 0)

    init(_ match: SCTPMatch) {
        sourcePorts = NumberRange(match.sourcePorts)
        destinationPorts = NumberRange(match.destinationPorts)
        hasChunks = match.chunks != nil
        chunksInverted = match.chunks?.inverted ?? false
        scope = match.chunks?.scope.rawValue ?? 0
        flagTests = UInt8(clamping: Self.trailer(match).count / 3)
        for chunk in match.chunks?.types ?? [] { Self.insert(&chunks, chunk.type) }
    }

    static func trailer(_ match: SCTPMatch) -> [UInt8] {
        (match.chunks?.types ?? []).filter { $0.flagMask != 0 }.flatMap { [$0.type, $0.flagMask, $0.flags] }
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        if context.packet.isLaterFragment { return false }
        guard let header = context.transport(SCTPHeader.length) else { return false }
        guard operation.pointee.sourcePorts.contains(header.loadBE16(at: 0)),
            operation.pointee.destinationPorts.contains(header.loadBE16(at: 2))
        else { return false }
        if !operation.pointee.hasChunks { return true }
        return matchChunks(operation, header, &context) != operation.pointee.chunksInverted
    }

    /// `match_packet`
    private static func matchChunks(
        _ operation: UnsafeMutablePointer<Self>, _ header: UnsafeMutableRawPointer, _ context: inout RuleContext
    ) -> Bool {
        let end = context.packet.transportLength
        var missing = operation.pointee.chunks
        var offset = SCTPHeader.length
        repeat {
            guard end - offset >= 4, header.loadBE16(at: offset + 2) != 0 else {
                context.hotdrop = true
                return false
            }
            let type = header.load8(at: offset)
            let flags = header.load8(at: offset + 1)
            offset += (Int(header.loadBE16(at: offset + 2)) + 3) & ~3
            if contains(operation.pointee.chunks, type) {
                let hit = flagsHold(operation, type, flags)
                switch operation.pointee.scope {
                case SCTPMatch.Scope.any.rawValue: if hit { return true }
                case SCTPMatch.Scope.all.rawValue: if hit { remove(&missing, type) }
                default: if !hit { return false }
                }
            } else if operation.pointee.scope == SCTPMatch.Scope.only.rawValue {
                return false
            }
        } while offset < end
        switch operation.pointee.scope {
        case SCTPMatch.Scope.all.rawValue: return missing.0 | missing.1 | missing.2 | missing.3 == 0
        case SCTPMatch.Scope.only.rawValue: return true
        default: return false
        }
    }

    private static func flagsHold(_ operation: UnsafeMutablePointer<Self>, _ type: UInt8, _ flags: UInt8) -> Bool {
        let tests = UnsafeMutableRawPointer(operation + 1)
        for i in 0..<Int(operation.pointee.flagTests) where tests.load8(at: i * 3) == type {
            return flags & tests.load8(at: i * 3 + 1) == tests.load8(at: i * 3 + 2)
        }
        return true
    }

    private static func contains(_ map: ChunkMap, _ type: UInt8) -> Bool {
        let bit = UInt64(1) << UInt64(type & 63)
        switch type >> 6 {
        case 0: return map.0 & bit != 0
        case 1: return map.1 & bit != 0
        case 2: return map.2 & bit != 0
        default: return map.3 & bit != 0
        }
    }

    private static func insert(_ map: inout ChunkMap, _ type: UInt8) {
        let bit = UInt64(1) << UInt64(type & 63)
        switch type >> 6 {
        case 0: map.0 |= bit
        case 1: map.1 |= bit
        case 2: map.2 |= bit
        default: map.3 |= bit
        }
    }

    private static func remove(_ map: inout ChunkMap, _ type: UInt8) {
        let bit = UInt64(1) << UInt64(type & 63)
        switch type >> 6 {
        case 0: map.0 &= ~bit
        case 1: map.1 &= ~bit
        case 2: map.2 &= ~bit
        default: map.3 &= ~bit
        }
    }
}
