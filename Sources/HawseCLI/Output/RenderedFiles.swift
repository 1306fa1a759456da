import Hawse

/// What kube-proxy put on a node, as the texts of the tools that would show it.
struct RenderedFiles {
    let all: [(name: String, text: String)]

    init(_ state: ProxyState) {
        var files: [(String, String)] = []
        let printer = IPTablesPrinter()
        if let rules = state.iptables { files.append(("iptables.v4", printer.text(rules))) }
        if let rules = state.ip6tables { files.append(("iptables.v6", printer.text(rules))) }
        if state.mode == .ipvs {
            files.append(("ipset", IPSetPrinter().text(state.sets)))
            if let ipvs = state.ipvs { files.append(("ipvs", IPVSAdmPrinter().saved(ipvs))) }
            files.append(("kube-ipvs0.addresses", state.dummyAddresses.map { "\($0)\n" }.joined()))
        }
        if let nft = state.nft { files.append(("nft", nft)) }
        all = files
    }
}
