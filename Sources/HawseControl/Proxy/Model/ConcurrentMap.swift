import Dispatch

/// The results of a pure function over many inputs, in the inputs' order, worked out on all cores.
///
/// The same with one core or many: each result depends on its input alone. `context` makes what the calls of one
/// piece share.
func concurrentMap<Input: Sendable, Context, Output: Sendable>(
    _ inputs: [Input], grain: Int = 512, context: @Sendable () -> Context,
    _ transform: @Sendable (Input, Context) -> Output
) -> [Output] {
    guard inputs.count > 2 * grain else {
        let shared = context()
        return inputs.map { transform($0, shared) }
    }
    return [Output](unsafeUninitializedCapacity: inputs.count) { buffer, count in
        nonisolated(unsafe) let slots = buffer.baseAddress
        let pieces = (inputs.count + grain - 1) / grain
        DispatchQueue.concurrentPerform(iterations: pieces) { piece in
            let shared = context()
            for index in piece * grain..<min((piece + 1) * grain, inputs.count) {
                // Every slot belongs to one piece.
                slots?.advanced(by: index).initialize(to: transform(inputs[index], shared))
            }
        }
        count = inputs.count
    }
}
