import Foundation
import XCTest

@testable import EdgeLiteRT
@testable import EdgeRanker

final class TrainedLiteRTTests: XCTestCase {
    func testTrainedBundlePassesItsGoldenRequestsOnLiteRTAtEveryExit() async throws {
        let (bundle, library) = (try trained("EDGE_BUNDLE"), try trained("EDGE_LITERT"))
        let ranker = try await Ranker.open(.file(bundle), Options(engine: .liteRT(library: library)))
        try await ranker.verify()
    }

    func testModelThatIsNoneIsRefused() async throws {
        let library = try trained("EDGE_LITERT")
        let source = Source.buffer(try file("edge/bundle/vectors/two-engines.edge"))
        await assertRefused("LiteRT cannot open the model") {
            _ = try await Ranker.open(source, Options(engine: .liteRT(library: library)))
        }
    }

    func testLibraryThatIsNotThereIsNamed() async throws {
        let source = Source.buffer(try file("edge/bundle/vectors/two-engines.edge"))
        await assertRefused("/nowhere/libLiteRt.so") {
            _ = try await Ranker.open(source, Options(engine: .liteRT(library: "/nowhere/libLiteRt.so")))
        }
    }
}
