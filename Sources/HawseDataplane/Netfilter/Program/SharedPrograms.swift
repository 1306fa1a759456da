import HawseModel
import HawseWire

/// Tables that many nodes have alike, compiled once. A node whose table differs in a few chains (flannel's masquerade
/// chain names the node's own subnet) gets a copy in which those are changed.
///
/// Only tables that say nothing of devices, sets or things with names can be shared, as these are each node's own; others
/// are compiled for their node. Belongs to nodes of one thread.
public final class SharedPrograms {
    private struct Key: Hashable {
        var family: AddressFamily
        var table: TableName
        var chains: Int
    }

    /// Chains that a node may have otherwise.
    private static let mostDifferences = 16
    /// Images of one kind; tables that keep differing are not worth comparing.
    private static let mostImages = 8

    private var images: [Key: [ProgramImage]] = [:]

    public init() {}

    /// The table compiled, or copied from an equal one. Counters begin at zero.
    func program(
        _ table: Table, family: AddressFamily, surroundings: RuleSurroundings
    ) throws(DataplaneError) -> TableProgram {
        let key = Key(family: family, table: table.name, chains: table.chains.count)
        for image in images[key] ?? [] {
            guard let others = image.differences(from: table, atMost: Self.mostDifferences),
                others.allSatisfy(\.isSharable), var program = image.copy(for: surroundings.named)
            else { continue }
            if !others.isEmpty {
                let news = others.map { ChainNews(name: $0.name, chain: $0.withZeroCounters) }
                do throws(DataplaneError) {
                    program.commit(try program.prepare(news, surroundings))
                } catch {
                    program.deallocate()
                    throw error
                }
            }
            return program
        }
        let compiled = try TableCompiler.compile(table, family: family, surroundings: surroundings, keepsCounters: false)
        guard images[key]?.count ?? 0 < Self.mostImages, compiled.resources.isEmpty,
            table.chains.allSatisfy(\.isSharable), let image = ProgramImage(compiled)
        else { return compiled }
        images[key, default: []].append(image)
        if let program = image.copy(for: surroundings.named) { return program }
        return try TableCompiler.compile(table, family: family, surroundings: surroundings, keepsCounters: false)
    }
}

extension Chain {
    fileprivate var withZeroCounters: Chain {
        var copy = self
        copy.counters = .zero
        for i in copy.rules.indices where copy.rules[i].counters != .zero { copy.rules[i].counters = .zero }
        return copy
    }

    /// Compiled, the chain means the same on every node.
    fileprivate var isSharable: Bool { rules.allSatisfy(\.isSharable) }
}

extension Rule {
    fileprivate var isSharable: Bool {
        guard inInterface == nil, outInterface == nil else { return false }
        switch target {
        case nil, .accept, .drop, .return, .jump, .goto, .mark, .connmark, .dnat, .snat, .masquerade, .redirect, .reject: break
        default: return false
        }
        return matches.allSatisfy {
            switch $0 {
            case .addrtype(let match): !match.limitToInInterface && !match.limitToOutInterface
            case .comment, .connmark, .conntrack, .mark, .multiport, .statistic, .tcp, .udp, .icmp, .icmp6, .sctp: true
            default: false
            }
        }
    }
}
