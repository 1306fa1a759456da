import ArgumentParser
import Hawse

#if canImport(Glibc)
import Glibc
#endif

@main
struct HawseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hawse",
        abstract: "A Kubernetes node's network dataplane, offline: what Linux would have done with these packets, and why.",
        discussion: """
            Give hawse Kubernetes manifests, or a node's own dumps (iptables-save, ipset, ipvsadm-save, routes), and packets \
            from a capture. It does with them what the kernel and kube-proxy would have done, packet for packet and counter \
            for counter.

            stdout carries data, stderr everything else; `-` is stdin or stdout. Exit codes: 0 done; 1 the answer is "no"; \
            2 usage or input error; 3 damaged input, what could be done was done; 130 interrupted.
            """,
        version: HawseVersion.text,
        subcommands: [
            Replay.self, Trace.self, Diff.self, Render.self, Flows.self, Check.self, Get.self, Describe.self, Verify.self, DNS.self, Route.self,
            Snapshot.self,
            Generate.self, IPVSCommands.self,
        ])

    /// ArgumentParser's own `main` ends with 64 on usage errors; the contract here says 2.
    static func main() {
        signal(SIGPIPE, SIG_DFL)
        Interruption.watch()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            if !failure.message.isEmpty { StandardError.write("hawse: \(failure.message)\n") }
            Glibc.exit(failure.code)
        } catch {
            let code = exitCode(for: error)
            let text = fullMessage(for: error)
            if code.isSuccess {
                print(text)
                Glibc.exit(0)
            }
            if let exit = error as? ExitCode { Glibc.exit(exit.rawValue) }
            // What the formats say has its place in front.
            if code == .failure {
                StandardError.write("hawse: \(error)\n")
                Glibc.exit(2)
            }
            if code == .validationFailure, let word = UnknownWord.first(in: Array(CommandLine.arguments.dropFirst())) {
                let usage = text.split(separator: "\n").drop { !$0.hasPrefix("Usage:") }
                StandardError.write("Error: \(word)\n" + usage.map { $0 + "\n" }.joined())
                Glibc.exit(2)
            }
            StandardError.write(text.hasSuffix("\n") ? text : text + "\n")
            Glibc.exit(2)
        }
    }
}

enum HawseVersion {
    static let text = "0.1.0"
}
