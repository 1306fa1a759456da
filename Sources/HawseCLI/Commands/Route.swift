import ArgumentParser
import Hawse

struct Route: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Which backend answers an HTTP request, and how it is asked.",
        discussion: """
            Ingresses are understood as the API describes them; those of a class whose controller is k8s.io/ingress-nginx as that \
            controller serves them, its annotations and its ConfigMap included. Gateways serve their HTTPRoutes. A Service has the \
            endpoints that the manifests come to; where they say nothing of endpoints, a Service with a selector is taken to have \
            some.

              hawse route -f shop/ --url https://shop.example/cart/3
              hawse route -f shop/ --request requests.ndjson
              hawse route -f shop/ --controller nginx --controller-arg=--watch-ingress-without-class --url http://shop.example/
            """)

    @OptionGroup(title: "Objects") var manifests: ManifestInput

    @Option(
        help: ArgumentHelp(
            "Requests, one object a line: {\"id\", \"method\", \"scheme\", \"host\", \"path\", \"headers\", \"sni\" …}; - for stdin.",
            valueName: "FILE.ndjson"))
    var request: String?

    @Option(help: ArgumentHelp("One request: http://HOST/PATH or https://HOST/PATH.", valueName: "URL"))
    var url: String?

    @Option(help: ArgumentHelp("With --url: the method.", valueName: "METHOD"))
    var method: String?

    @Option(
        name: [.customShort("H"), .long], help: ArgumentHelp("With --url: a header field. Repeatable.", valueName: "NAME: VALUE"))
    var header: [String] = []

    @Flag(help: "Instead of requests: what a Gateway's controller writes into the routes' and Gateways' statuses.")
    var status = false

    @OptionGroup(title: "Controller") var controller: RouteControllerOptions

    @Option(help: ArgumentHelp("The same seed and input give the same output.", valueName: "N"))
    var seed: UInt64 = 0

    func validate() throws {
        if manifests.filenames.isEmpty { throw ValidationError("objects are needed: -f MANIFESTS") }
        if [request != nil, url != nil, status].filter({ $0 }).count != 1 {
            throw ValidationError("one of --request FILE, --url URL and --status")
        }
        if url == nil, method != nil || !header.isEmpty {
            throw ValidationError("--method and --header go with --url; requests have their own")
        }
    }

    func run() throws {
        if status {
            var out = StandardOutput()
            for row in try controller.router(manifests.load(), seed: seed).status.rows { out.line(JSONWriter.compact(row)) }
            return out.flush()
        }
        let requests =
            try url.map { [try RouteRequests.parse(url: $0, method: method ?? "GET", headers: header)] }
            ?? RouteRequests.read(request ?? "-")
        var router = try controller.router(manifests.load(), seed: seed)
        var out = StandardOutput()
        for (number, request) in requests.enumerated() {
            var row = router.route(request).row(id: request.id)
            if number == 0, case .map(let entries) = row.value {
                row.value = .map([.init("schema", .string("hawse.route/1"))] + entries)
            }
            out.line(JSONWriter.compact(row))
        }
        out.flush()
    }
}

/// How Ingresses are understood.
struct RouteControllerOptions: ParsableArguments {
    @Option(help: "auto (by the classes), generic (the API's own words for all) or nginx.")
    var controller: RequestRouter.Flavour = .automatic

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A word of ingress-nginx's command line, such as --watch-ingress-without-class. Repeatable.", valueName: "WORD"))
    var controllerArg: [String] = []

    @Option(
        help: ArgumentHelp("The ConfigMap of ingress-nginx; found by its usual names unless given.", valueName: "NAMESPACE/NAME"))
    var controllerConfig: String?

    func validate() throws {
        if let controllerConfig, controllerConfig.split(separator: "/").count != 2 {
            throw ValidationError("--controller-config takes NAMESPACE/NAME")
        }
    }

    func router(_ loader: ManifestLoader, seed: UInt64) throws -> RequestRouter {
        let (objects, problems) = RouteObjects.collect(loader.objects, seed: seed)
        ManifestInput.report(problems)
        if problems.contains(where: { $0.severity == .error }) { throw Failure.input("") }
        var options = RequestRouter.Options()
        options.flavour = controller
        options.controllerWords = controllerArg
        options.seed = seed
        if let parts = controllerConfig?.split(separator: "/").map(String.init) {
            options.controllerConfig = ObjectKey(namespace: parts[0], name: parts[1])
            if objects.configMaps[ObjectKey(namespace: parts[0], name: parts[1])] == nil {
                throw Failure.input("--controller-config: there is no ConfigMap \(controllerConfig ?? "")")
            }
        }
        let router = RequestRouter(objects, options)
        for note in router.notes { StandardError.write("hawse: \(note)\n") }
        return router
    }
}

/// Requests from a stream or from words.
enum RouteRequests {
    static func read(_ path: String) throws -> [RouteRequest] {
        let text = try TextFile.read(path)
        var all: [RouteRequest] = []
        var reported: Set<String> = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        where line.contains(where: { $0 != " " && $0 != "\r" }) {
            var unknown: [String] = []
            do {
                all.append(try RouteRequest(try JSONReader.parse(String(line)), unknown: &unknown))
            } catch let error as JSONReader.Failure {
                throw Failure.input("\(path):\(number + 1):\(error.mark.column): \(error.reason)")
            } catch let error as RouteRequest.Failure {
                throw Failure.input("\(path):\(number + 1):\(error)")
            }
            for name in unknown where reported.insert(name).inserted {
                let hint = nearestWord(name, among: RouteRequest.knownFields).map { " (did you mean \"\($0)\"?)" } ?? ""
                StandardError.write("hawse: \(path):\(number + 1): \"\(name)\" says nothing here\(hint)\n")
            }
        }
        return all
    }

    static func parse(url: String, method: String, headers: [String]) throws -> RouteRequest {
        var request = RouteRequest()
        guard let colon = url.firstRange(of: "://"), ["http", "https"].contains(url[..<colon.lowerBound]) else {
            throw Failure.input("--url: \(url) begins with neither http:// nor https://")
        }
        request.scheme = String(url[..<colon.lowerBound])
        let rest = url[colon.upperBound...].prefix { $0 != "#" }
        let host = rest.prefix { $0 != "/" && $0 != "?" }
        request.host = host.isEmpty ? nil : String(host)
        let target = rest.dropFirst(host.count)
        let path = target.prefix { $0 != "?" }
        request.path = path.isEmpty ? "/" : String(path)
        if path.count < target.count { request.query = String(target.dropFirst(path.count + 1)) }
        request.method = method.uppercased()
        if request.scheme == "https", !request.hostName.isEmpty { request.sni = request.hostName }
        for header in headers {
            guard let colon = header.firstIndex(of: ":") else { throw Failure.input("--header: \"\(header)\" has no colon") }
            let value = header[header.index(after: colon)...].drop { $0 == " " }
            request.headers.add(String(header[..<colon]), String(value))
        }
        return request
    }
}

extension RequestRouter.Flavour: ExpressibleByArgument {}
