// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "edge-ranker",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "EdgeRanker", targets: ["EdgeRanker"])],
    targets: [
        .target(name: "EdgeCharacters", resources: [.embedInCode("characters.json")]),
        .target(name: "EdgeRanker", dependencies: ["EdgeCharacters"]),
        .testTarget(name: "EdgeRankerTests", dependencies: ["EdgeRanker"]),
    ],
    swiftLanguageModes: [.v6]
)
