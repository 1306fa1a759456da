// swift-tools-version: 6.3
import PackageDescription

// Another program that owns time and links and drives a node packet by packet: what importing Hawse costs and looks like.
let package = Package(
    name: "client",
    dependencies: [.package(name: "hawse", path: "../..")],
    targets: [.executableTarget(name: "client", dependencies: [.product(name: "Hawse", package: "hawse")])],
    swiftLanguageModes: [.v6]
)
