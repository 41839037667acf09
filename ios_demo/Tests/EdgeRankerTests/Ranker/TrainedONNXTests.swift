import Foundation
import XCTest

@testable import EdgeONNX
@testable import EdgeRanker

final class TrainedONNXTests: XCTestCase {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path

    override func tearDown() { try? FileManager.default.removeItem(atPath: directory) }

    func testTrainedBundlePassesItsGoldenRequestsOnONNXRuntimeAtEveryExit() async throws {
        let (bundle, engine) = (try trained("EDGE_BUNDLE"), try onnx())
        let ranker = try await Ranker.open(.file(bundle), Options(engine: engine))
        try await ranker.verify()
    }

    func testModelThatIsNoneIsRefusedByItsName() async throws {
        let source = Source.buffer(try file("edge/bundle/vectors/plain.edge"))
        await assertRefused(".onnx is not a model") { _ = try await Ranker.open(source, Options(engine: try onnx())) }
    }

    func testLibraryThatIsNotThereIsNamed() async throws {
        let source = Source.buffer(try file("edge/bundle/vectors/plain.edge"))
        let engine = EngineChoice.onnx(directory: directory, library: "/nowhere/libonnxruntime.so")
        await assertRefused("/nowhere/libonnxruntime.so") { _ = try await Ranker.open(source, Options(engine: engine)) }
    }

    private func onnx() throws -> EngineChoice { .onnx(directory: directory, library: try trained("EDGE_ONNX")) }
}
