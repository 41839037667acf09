// swift-tools-version: 6.0
import PackageDescription

// A resource makes SwiftPM write code that needs Foundation: only Apple's systems read a privacy manifest.
#if os(macOS)
    let privacy: [Resource] = [.copy("PrivacyInfo.xcprivacy")]
    let excluded: [String] = []
#else
    let privacy: [Resource] = []
    let excluded = ["PrivacyInfo.xcprivacy"]
#endif

let engines: [Target.Dependency] = ["EdgeRanker", "EdgeReference", "EdgeLiteRT", "EdgeONNX", "EdgeCoreML"]

let package = Package(
    name: "edge-ranker",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [
        .library(name: "EdgeRanker", targets: ["EdgeRanker", "EdgeReference"]),
        .library(name: "EdgeLiteRT", targets: ["EdgeLiteRT"]),
        .library(name: "EdgeONNX", targets: ["EdgeONNX"]),
        .library(name: "EdgeCoreML", targets: ["EdgeCoreML"]),
        .executable(name: "edge-rank", targets: ["edge-rank"]),
    ],
    targets: [
        .target(name: "EdgeCharacters", resources: [.embedInCode("characters.json")]),
        .target(name: "EdgeRanker", dependencies: ["EdgeCharacters"], exclude: excluded, resources: privacy),
        .target(name: "EdgeReference", dependencies: ["EdgeRanker"]),
        .target(name: "CLiteRT"),
        .target(name: "EdgeLiteRT", dependencies: ["CLiteRT", "EdgeRanker"]),
        .target(name: "CONNX"),
        .target(name: "EdgeONNX", dependencies: ["CONNX", "EdgeRanker"]),
        .target(name: "EdgeCoreML", dependencies: ["EdgeRanker"]),
        .target(name: "EdgeCommandLine", dependencies: engines),
        .executableTarget(name: "edge-rank", dependencies: ["EdgeCommandLine", "EdgeRanker"]),
        .target(name: "CMallocCount"),
        .executableTarget(name: "edge-proof", dependencies: ["CMallocCount", "EdgeCommandLine", "EdgeRanker"]),
        .testTarget(name: "EdgeRankerTests", dependencies: engines + ["CMallocCount"]),
    ],
    swiftLanguageModes: [.v6]
)
