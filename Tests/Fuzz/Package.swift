// swift-tools-version: 6.3
import PackageDescription

// libFuzzer targets, apart from the main package so that nobody who imports it builds them; `run` beside this file builds
// and runs them with seeds from pcaps/.
let names = ["FuzzRules", "FuzzSets", "FuzzServers", "FuzzConnections", "FuzzCommands", "FuzzWalk", "FuzzCaptures", "FuzzRequests"]

let package = Package(
    name: "hawse-fuzz",
    dependencies: [.package(name: "hawse", path: "../..")],
    targets: [
        .target(name: "FuzzDriver"),
        .target(name: "FuzzTargets", dependencies: [.product(name: "Hawse", package: "hawse")]),
    ]
        + names.map { name in
            .executableTarget(
                name: name, dependencies: ["FuzzDriver", "FuzzTargets"],
                swiftSettings: [.unsafeFlags(["-parse-as-library"])],
                linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])])
        },
    swiftLanguageModes: [.v6]
)
