import HawseDataplane
import HawseModel

/// A node of a cluster. Its dataplane is made when the first packet, or the first question, comes to it: a node that
/// has seen nothing has no state but its description.
public final class SimulatedNode {
    public let name: String
    let index: Int
    private let describe: (Int) -> (spec: HawseModel.NodeSpec, shared: SharedNetwork.View)
    private let seed: UInt64
    /// Compiled rules that the cluster's nodes have in common.
    private let programs: SharedPrograms
    private var built: Dataplane?
    /// Why the node's spec could not be carried out; such a node is an empty machine.
    public private(set) var failure: DataplaneError?
    var onBuild: ((SimulatedNode) -> Void)?
    /// The machine is off: nothing enters, nothing leaves.
    public internal(set) var isGone = false

    init(
        name: String, index: Int, seed: UInt64, programs: SharedPrograms,
        describe: @escaping (Int) -> (spec: HawseModel.NodeSpec, shared: SharedNetwork.View)
    ) {
        self.name = name
        self.index = index
        self.seed = seed &+ UInt64(index) &* 0x9e37_79b9
        self.programs = programs
        self.describe = describe
    }

    public var isBuilt: Bool { built != nil }

    public var dataplane: Dataplane {
        if let built { return built }
        let made = make()
        built = made
        onBuild?(self)
        return made
    }

    private func make() -> Dataplane {
        let (spec, shared) = describe(index)
        do throws(DataplaneError) { return try Dataplane(spec, seed: seed, shared: shared, programs: programs) } catch { failure = error }
        do throws(DataplaneError) { return try Dataplane(HawseModel.NodeSpec(name: name), seed: seed) } catch {
            preconditionFailure("a node without anything cannot be refused: \(error)")
        }
    }
}
