import Foundation
import XCTest

@testable import EdgeONNX
@testable import EdgeRanker

final class TrainedONNXTests: InstallingTestCase {
    func testTrainedBundlePassesItsGoldenRequestsOnONNXRuntimeAtEveryExit() async throws {
        let (bundle, engine) = (try trained("EDGE_BUNDLE"), try onnx())
        let ranker = try await Ranker.open(.file(bundle), options(engine))
        try await ranker.verify()
        try FileManager.default.removeItem(atPath: directory)
        try await ranker.verify()  // what it maps stays
    }

    func testModelThatIsNoneIsRefusedByItsName() async throws {
        let source = Source.buffer(try file("edge/bundle/vectors/plain.edge"))
        await assertRefused(".onnx is not a model") { _ = try await Ranker.open(source, options(try onnx())) }
    }

    func testLibraryThatIsNotThereIsNamed() async throws {
        let source = Source.buffer(try file("edge/bundle/vectors/plain.edge"))
        let engine = EngineChoice.onnx(library: "/nowhere/libonnxruntime.so")
        await assertRefused("/nowhere/libonnxruntime.so") { _ = try await Ranker.open(source, options(engine)) }
    }

    func testModelThatIsNotInstalledIsRefusedAndTheOptionIsNamed() async throws {
        let source = Source.buffer(try file("edge/bundle/vectors/plain.edge"))
        let options = try Options(engine: try onnx(), directory: .memory)
        await assertRefused("Options(directory") { _ = try await Ranker.open(source, options) }
    }

    private func onnx() throws -> EngineChoice { .onnx(library: try trained("EDGE_ONNX")) }

    private func options(_ engine: EngineChoice) throws -> Options { try Options(engine: engine, directory: .path(directory)) }
}
