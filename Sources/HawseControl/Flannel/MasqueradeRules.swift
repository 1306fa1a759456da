import HawseModel
import HawseWire

extension Flannel {
    /// One iptables rule as the daemon hands it to iptables-restore.
    public struct ChainRule: Hashable, Sendable {
        public var table: TableName
        public var chain: String
        /// Everything behind `-A CHAIN`, word by word.
        public var arguments: [String]

        public init(table: TableName, chain: String, arguments: [String]) {
            self.table = table
            self.chain = chain
            self.arguments = arguments
        }
    }

    /// The chains of one family: who is masqueraded, and that pods may be forwarded.
    public struct TrafficRules: Hashable, Sendable {
        public static let masqueradeChain = "FLANNEL-POSTRTG"
        public static let forwardChain = "FLANNEL-FWD"
        /// kube-proxy's mark on what it masquerades itself.
        public static let serviceMark = MaskedValue(value: 0x4000, mask: 0x4000)

        /// The whole pod network.
        public var network: IPPrefix
        /// This node's part of it.
        public var subnet: IPPrefix
        /// iptables is new enough for `--random-fully`, and the daemon was not told otherwise.
        public var randomFully: Bool

        public init(network: IPPrefix, subnet: IPPrefix, randomFully: Bool = true) {
            self.network = network
            self.subnet = subnet
            self.randomFully = randomFully
        }

        private var multicast: IPPrefix {
            network.family == .ipv4
                ? IPPrefix(IPAddress(ipv4: 0xe000_0000), length: 4)
                : IPPrefix(IPAddress(ipv6High: 0xff << 56, low: 0), length: 8)
        }

        /// The nat rules, in order.
        public var masquerade: [Rule] {
            let comment = Match.comment("flanneld masq")
            let masquerade = Target.masquerade(MasqueradeTarget(randomFully: randomFully))
            func rule(_ source: AddressMatch?, _ destination: AddressMatch?, _ target: Target) -> Rule {
                Rule(source: source, destination: destination, matches: [comment], target: target)
            }
            let (all, own) = (AddressMatch(network), AddressMatch(subnet))
            let outside = AddressMatch(network, inverted: true)
            return [
                // What kube-proxy has marked it masquerades itself; twice would be once too often.
                Rule(matches: [.mark(MarkMatch(Self.serviceMark)), comment], target: .return),
                rule(own, all, .return),
                rule(all, own, .return),
                rule(outside, own, .return),
                rule(all, AddressMatch(multicast, inverted: true), masquerade),
                rule(outside, all, masquerade),
            ]
        }

        public var forward: [Rule] {
            let comment = Match.comment("flanneld forward")
            return [
                Rule(source: AddressMatch(network), matches: [comment], target: .accept),
                Rule(destination: AddressMatch(network), matches: [comment], target: .accept),
            ]
        }

        public var masqueradeJump: Rule {
            Rule(matches: [.comment("flanneld masq")], target: .jump(Self.masqueradeChain))
        }

        public var forwardJump: Rule {
            Rule(matches: [.comment("flanneld forward")], target: .jump(Self.forwardChain))
        }

        /// The same as argument lists, in the order in which they are restored.
        public var masqueradeArguments: [ChainRule] {
            [ChainRule(table: .nat, chain: "POSTROUTING", arguments: Self.words(masqueradeJump))]
                + masquerade.map {
                    ChainRule(table: .nat, chain: Self.masqueradeChain, arguments: Self.words($0))
                }
        }

        public var forwardArguments: [ChainRule] {
            [ChainRule(table: .filter, chain: "FORWARD", arguments: Self.words(forwardJump))]
                + forward.map { ChainRule(table: .filter, chain: Self.forwardChain, arguments: Self.words($0)) }
        }

        /// Arguments of the few rules that occur here.
        private static func words(_ rule: Rule) -> [String] {
            var words: [String] = []
            for (flag, match) in [("-s", rule.source), ("-d", rule.destination)] {
                guard let match, let length = match.mask.prefixLength(family: match.address.family) else { continue }
                words += (match.inverted ? ["!"] : []) + [flag, "\(match.address)/\(length)"]
            }
            for match in rule.matches {
                switch match {
                case .comment(let text): words += ["-m", "comment", "--comment", text]
                case .mark: words += ["-m", "mark", "--mark", "0x4000/0x4000"]
                default: break
                }
            }
            switch rule.target {
            case .accept: words += ["-j", "ACCEPT"]
            case .return: words += ["-j", "RETURN"]
            case .jump(let chain): words += ["-j", chain]
            case .masquerade(let options): words += ["-j", "MASQUERADE"] + (options.randomFully ? ["--random-fully"] : [])
            default: break
            }
            return words
        }

        /// Puts the chains into a rule set: the jumps behind what POSTROUTING and FORWARD hold already, the chains'
        /// own contents replaced.
        public func install(into rules: inout RuleSet, masquerades: Bool = true, forwards: Bool = true) {
            if masquerades {
                Self.install(&rules, .nat, "POSTROUTING", masqueradeJump, Self.masqueradeChain, masquerade)
            }
            if forwards { Self.install(&rules, .filter, "FORWARD", forwardJump, Self.forwardChain, forward) }
        }

        private static func install(
            _ rules: inout RuleSet, _ name: TableName, _ builtin: String, _ jump: Rule, _ chain: String,
            _ content: [Rule]
        ) {
            var table = rules[name] ?? .builtin(name)
            if let index = table.index(of: chain) {
                table.chains[index].rules = content
            } else {
                table.chains.append(Chain(name: chain, rules: content))
            }
            if let index = table.index(of: builtin) {
                table.chains[index].rules.removeAll { $0.target == jump.target && $0.matches == jump.matches }
                table.chains[index].rules.append(jump)
            }
            rules[name] = table
        }
    }

    /// What the daemon hands to `iptables-restore --noflush`, a line a rule.
    public enum RuleSync {
        /// Rules wanted: each one that is there is deleted and appended anew, so that all stand together and in order.
        /// Nothing wanted: everything present is deleted, in order.
        public static func restore(present: [ChainRule], wanted: [ChainRule]) -> [TableName: [[String]]] {
            var lines: [TableName: [[String]]] = [:]
            if wanted.isEmpty {
                for rule in present { lines[rule.table, default: []].append(["-D", rule.chain] + rule.arguments) }
                return lines
            }
            for rule in wanted {
                if present.contains(rule) { lines[rule.table, default: []].append(["-D", rule.chain] + rule.arguments) }
                lines[rule.table, default: []].append(["-A", rule.chain] + rule.arguments)
            }
            return lines
        }

        /// The check every few seconds: nothing while every rule is there.
        public static func ensure(present: [ChainRule], wanted: [ChainRule]) -> [TableName: [[String]]] {
            wanted.allSatisfy(present.contains) ? [:] : restore(present: present, wanted: wanted)
        }
    }
}
