import Hawse

/// Frames into a node. The bytes are laid out as a classic capture file, so that captures serve as seeds: the snapshot
/// length in the header chooses the node and how it is run; a record's time is the step from the one before it.
func walkFrames(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 24 else { return }
    let choice = bytes[16]
    guard let node = try? Dataplane(FuzzNode.spec(choice), seed: 1) else { preconditionFailure("the node cannot be built") }
    node.usesFlowCache = choice & 0x10 == 0
    node.usesClassifiers = choice & 0x20 == 0
    node.isTracing = choice & 0x40 != 0
    var now = Instant(seconds: 1_700_000_000)
    var at = 24
    var left = 0
    var frames = 0
    while at + 16 <= bytes.count, frames < 64 {
        let step = Int64(bytes[at + 4]) | Int64(bytes[at + 5]) << 8 | Int64(bytes[at] & 0x3f) << 16
        let wanted = Int(bytes[at + 8]) | Int(bytes[at + 9]) << 8
        let way = bytes[at + 12]
        at += 16
        let length = min(wanted, bytes.count - at)
        let frame = UnsafeRawBufferPointer(rebasing: bytes[at..<at + length])
        at += length
        now = now + step * 1000
        frames += 1
        if way & 7 == 7 { node.send(frame, at: now) } else { node.receive(frame, on: UInt16(way & 7), at: now) }
        node.takeOutputs { left += $0.bytes.count }
        _ = node.takeTrace()
    }
    node.advance(to: now + .seconds(200))
    node.takeOutputs { left += $0.bytes.count }
    // An answer never grows without bound: at most a handful of full frames for each that came.
    precondition(left <= (frames + 1) * 64 * 66_000, "one frame makes too many")
    _ = IPTablesPrinter(counters: true).text(node.ruleSet(.ipv4))
    _ = IPTablesPrinter(counters: true).text(node.ruleSet(.ipv6))
    _ = ConntrackPrinter.timelessListing(node.connections())
    _ = IPSetPrinter().text(node.sets())
}
