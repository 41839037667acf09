import Foundation
import XCTest

@testable import EdgeCoreML
@testable import EdgeLiteRT
@testable import EdgeONNX
@testable import EdgeRanker
@testable import EdgeReference

final class TrainedEngineTests: XCTestCase {
    func testManyCandidatesAndEventsAreCutIntoCallsAndRankedAsByTheReference() async throws {
        let (liteRT, onnx, port) = (try trained("EDGE_LITERT"), try trained("EDGE_ONNX"), try simulatorPort())
        let expected = try await scores(.reference)
        let engines: [EngineChoice] = [
            .liteRT(library: liteRT), .onnx(library: onnx), .coreML { _, _ in try SimulatedCoreML(port: port) },
        ]
        for engine in engines {
            let accuracy: Float = engine.name == "coreml" ? 1e-2 : 2e-3  // Core ML's states are float16
            let found = try await scores(engine)
            XCTAssertEqual(found.count, expected.count)
            for (score, reference) in zip(found, expected) {
                XCTAssertEqual(score, reference, accuracy: accuracy, engine.name)
            }
        }
    }

    /// Of 300 candidates, in their order, after 150 events.
    private func scores(_ engine: EngineChoice) async throws -> [Float] {
        let bundle = try trained("EDGE_BUNDLE")
        let golden = try EdgeBundle(.file(bundle)).files(["golden.jsonl"])[0]
        let line = Vector(try JsonReader.read(Array(golden[..<(try XCTUnwrap(golden.firstIndex(of: 0x0A)))])))
        let request = try request(of: line["request"].value)
        let few = try XCTUnwrap(request.candidates.isEmpty ? nil : request.candidates)
        let many = (0..<300).map { Item(ByteText("\($0)"), few[$0 % few.count].attributes) }
        let ranker = try await Ranker.open(.file(bundle), Options(engine: engine))
        let events = (0..<100).flatMap { _ in request.events.map { Event($0.item, $0.attributes, time: nil) } }
        let user = try await ranker.user(request.user, Array(events.prefix(150)))
        let ranked = try await ranker.rank(user, many, time: request.time)
        let scores = Dictionary(uniqueKeysWithValues: zip(ranked.items.map(\.id), ranked.scores))
        return many.map { Float(scores[$0.id] ?? .nan) }
    }
}
