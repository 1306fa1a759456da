// swift-tools-version: 6.3
import PackageDescription

// libFuzzer targets, apart from the main package so that nobody who imports it builds them:
//
//     swift build -c release --package-path Tests/Fuzz -Xswiftc -sanitize=fuzzer
//     Tests/Fuzz/.build/release/FuzzRules -max_total_time=180 CORPUS
let names = ["FuzzRules", "FuzzSets", "FuzzServers", "FuzzConnections", "FuzzCommands"]

let package = Package(
    name: "hawse-fuzz",
    dependencies: [.package(name: "hawse", path: "../..")],
    targets: [.target(name: "FuzzDriver")]
        + names.map { name in
            .executableTarget(
                name: name, dependencies: ["FuzzDriver", .product(name: "Hawse", package: "hawse")],
                swiftSettings: [.unsafeFlags(["-parse-as-library"])],
                linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])])
        },
    swiftLanguageModes: [.v6]
)
