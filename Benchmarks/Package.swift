// swift-tools-version: 6.3
import PackageDescription

// A package of its own, so that nobody who imports Hawse builds the benchmark framework.
let suites = [
    "Wire", "RuleEvaluation", "Conntrack", "NAT", "IPVS", "VXLAN", "WholePath", "FirstPacket", "LoadAndChange", "Capture", "Control",
]

let package = Package(
    name: "hawse-benchmarks",
    dependencies: [
        .package(name: "hawse", path: ".."),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        .target(name: "BenchmarkSupport", dependencies: [.product(name: "Hawse", package: "hawse")]),
        .target(name: "SuiteSupport", dependencies: ["BenchmarkSupport", .product(name: "Benchmark", package: "benchmark")]),
        .executableTarget(name: "figures", dependencies: ["BenchmarkSupport"]),
    ]
        + suites.map { suite in
            .executableTarget(
                name: suite,
                dependencies: ["BenchmarkSupport", "SuiteSupport", .product(name: "Benchmark", package: "benchmark")],
                path: "Benchmarks/\(suite)",
                plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
        },
    swiftLanguageModes: [.v6]
)
