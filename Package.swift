// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "hawse",
    products: [
        .library(name: "Hawse", targets: ["Hawse"]),
        .library(name: "HawseHost", targets: ["HawseHost"]),
        .library(name: "HawseEtcd", targets: ["HawseEtcd"]),
        .executable(name: "hawse", targets: ["HawseCLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(name: "CShims"),
        .systemLibrary(name: "CPcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CNetlink", pkgConfig: "libnl-3.0",
            providers: [.apt(["libnl-3-dev"])]),

        .target(name: "HawseWire", dependencies: ["CShims"]),
        .target(name: "HawseModel", dependencies: ["HawseWire"]),
        .target(name: "HawseDataplane", dependencies: ["HawseWire", "HawseModel", "CShims"]),
        .target(name: "HawseFormats", dependencies: ["HawseWire", "HawseModel"]),
        .target(
            name: "HawseControl",
            dependencies: [
                "HawseWire", "HawseModel", "CZlib", "Yams",
                .product(name: "OrderedCollections", package: "swift-collections"),
            ]),
        .target(
            name: "HawseSimulator",
            dependencies: ["HawseControl", "HawseDataplane", "HawseFormats", "HawseCapture", "HawseModel", "HawseWire"]),
        .target(name: "HawseCapture", dependencies: ["HawseWire", "HawseModel", "CPcap", "CZlib"]),
        .target(name: "HawseHost", dependencies: ["HawseWire", "HawseModel", "CNetlink"]),
        .target(name: "HawseEtcd", dependencies: ["HawseModel", "HawseControl"]),
        .target(
            name: "Hawse",
            dependencies: [
                "HawseWire", "HawseModel", "HawseDataplane", "HawseFormats", "HawseControl",
                "HawseSimulator", "HawseCapture",
            ]),
        .executableTarget(
            name: "HawseCLI",
            dependencies: [
                "Hawse", "HawseHost",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),

        .testTarget(name: "HawseWireTests", dependencies: ["HawseWire"]),
        .testTarget(name: "HawseModelTests", dependencies: ["HawseModel"]),
        .testTarget(name: "HawseDataplaneTests", dependencies: ["HawseDataplane", "HawseFormats", "HawseModel", "HawseWire"]),
        .testTarget(name: "HawseFormatsTests", dependencies: ["HawseFormats", "HawseModel", "HawseWire"], exclude: ["ipvsadm"]),
        .testTarget(
            name: "HawseControlTests", dependencies: ["HawseControl", "HawseFormats", "HawseModel", "HawseWire"],
            exclude: ["Fixtures"]),
        .testTarget(
            name: "HawseSimulatorTests",
            dependencies: [
                "HawseSimulator", "HawseControl", "HawseDataplane", "HawseFormats", "HawseCapture", "HawseModel", "HawseWire",
            ]),
        .testTarget(name: "HawseCaptureTests", dependencies: ["HawseCapture", "HawseWire", "CPcap"]),
        .testTarget(name: "HawseEtcdTests", dependencies: ["HawseEtcd", "HawseControl", "HawseModel", "HawseWire"]),
        .testTarget(name: "HawseHostTests", dependencies: ["HawseHost", "HawseFormats", "HawseSimulator", "HawseModel", "HawseWire"]),
        .target(name: "AllocationCount", path: "Tests/AllocationCount"),
        .testTarget(name: "GoldenTests", dependencies: ["Hawse", "AllocationCount"], exclude: ["unfinished.txt"]),
        // The bodies of the fuzz targets (Tests/Fuzz is a package of its own), for a short run among the tests.
        .target(name: "FuzzBodies", dependencies: ["Hawse"], path: "Tests/Fuzz/Sources/FuzzTargets"),
        .testTarget(name: "FuzzBodiesTests", dependencies: ["FuzzBodies", "Hawse"]),
        .testTarget(name: "HawseCLITests", dependencies: ["Hawse", "HawseCLI"]),
    ],
    swiftLanguageModes: [.v6]
)
