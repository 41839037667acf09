import Foundation
import XCTest

@testable import EdgeCoreML
@testable import EdgeRanker

final class TrainedCoreMLTests: InstallingTestCase {
    func testTrainedBundlePassesItsGoldenRequestsOnSimulatedCoreMLAtEveryExit() async throws {
        let (bundle, engine) = (try trained("EDGE_BUNDLE"), try simulated())
        let ranker = try await Ranker.open(.file(bundle), Options(engine: engine, directory: .path(directory)))
        try await ranker.verify()
    }

    func testScoresWithoutItemsFailTheReplayAndTheRecordIsNamed() async throws {
        let (bundle, port) = (try trained("EDGE_BUNDLE"), try simulatorPort())
        let engine = EngineChoice.coreML { _, _ in WithoutItems(try SimulatedCoreML(port: port)) }
        let ranker = try await Ranker.open(.file(bundle), Options(engine: engine, directory: .path(directory)))
        await assertRefused("golden request") { try await ranker.verify() }
    }

    func testInputThatDiffersFromTheFunctionsIsNamed() throws {
        let simulator = try SimulatedCoreML(port: try simulatorPort())
        let bundle = try EdgeBundle(.file(try trained("EDGE_BUNDLE")))
        let name = try XCTUnwrap(bundle.buckets("coreml").first { $0.hasPrefix("encode") })
        var inputs: [String: CoreMLArray] = [:]
        for (input, extents) in try XCTUnwrap(Signature(bucket: name, bundle.shape)).inputs {
            inputs[input] = .floats(Array(repeating: 0, count: extents.reduce(1, *)), extents: extents)
        }
        XCTAssertEqual(try simulator.predict(name, inputs).keys.sorted(), ["stepped"])
        for wrong: CoreMLArray? in [nil, .floats([0], extents: [1, 1]), .integers([0], extents: [1, 1])] {
            inputs["mask"] = wrong
            XCTAssert(refusal("\(name)") { _ = try simulator.predict(name, inputs) }.contains("mask of \(name)"))
        }
        XCTAssert(refusal("a function") { _ = try simulator.predict("encode_7", [:]) }.contains("encode_7"))
    }

    #if canImport(CoreML)
        @available(iOS 18, macOS 15, *)
        func testTrainedBundlePassesItsGoldenRequestsOnCoreMLAtEveryExit() async throws {
            let engine = EngineChoice.coreML()
            let ranker = try await Ranker.open(.file(try trained("EDGE_BUNDLE")), Options(engine: engine, directory: .path(directory)))
            try await ranker.verify()
        }
    #endif

    private func simulated() throws -> EngineChoice {
        let port = try simulatorPort()
        return .coreML { _, _ in try SimulatedCoreML(port: port) }
    }
}

/// Functions whose candidates are all the same item.
private final class WithoutItems: CoreMLFunctions {
    private let functions: any CoreMLFunctions

    init(_ functions: any CoreMLFunctions) { self.functions = functions }

    func predict(_ function: String, _ inputs: [String: CoreMLArray]) throws -> [String: [Float]] {
        var inputs = inputs
        if function.hasPrefix("score"), case .floats(let values, let extents)? = inputs["items"] {
            inputs["items"] = .floats(Array(repeating: 0, count: values.count), extents: extents)
        }
        return try functions.predict(function, inputs)
    }
}
