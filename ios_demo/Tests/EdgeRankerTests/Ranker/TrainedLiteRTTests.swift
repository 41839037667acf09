import Foundation
import XCTest

@testable import EdgeLiteRT
@testable import EdgeRanker
@testable import EdgeReference

final class TrainedLiteRTTests: XCTestCase {
    func testTrainedBundlePassesItsGoldenRequestsOnLiteRTAtEveryExit() async throws {
        let (bundle, library) = (try trained("EDGE_BUNDLE"), try trained("EDGE_LITERT"))
        let ranker = try await Ranker.open(.file(bundle), Options(engine: .liteRT(library: library)))
        try await ranker.verify()
    }

    func testManyCandidatesAndEventsAreCutIntoCallsAndRankedAsByTheReference() async throws {
        let (bundle, library) = (try trained("EDGE_BUNDLE"), try trained("EDGE_LITERT"))
        let golden = try EdgeBundle(.file(bundle)).files(["golden.jsonl"])[0]
        let line = Vector(try JsonReader.read(Array(golden[..<(try XCTUnwrap(golden.firstIndex(of: 0x0A)))])))
        let request = try request(of: line["request"].value)
        let few = try XCTUnwrap(request.candidates.isEmpty ? nil : request.candidates)
        let many = (0..<300).map { Item(ByteText("\($0)"), few[$0 % few.count].attributes) }
        var found: [[Float]] = []
        for engine in [EngineChoice.reference, .liteRT(library: library)] {
            let ranker = try await Ranker.open(.file(bundle), Options(engine: engine))
            let events = (0..<100).flatMap { _ in request.events.map { Event($0.item, $0.attributes, time: nil) } }
            let user = try await ranker.user(request.user, Array(events.prefix(150)))
            let ranked = try await ranker.rank(user, many, time: request.time)
            let scores = Dictionary(uniqueKeysWithValues: zip(ranked.items.map(\.id), ranked.scores))
            found.append(many.map { Float(scores[$0.id] ?? .nan) })
        }
        for (reference, liteRT) in zip(found[0], found[1]) { XCTAssertEqual(reference, liteRT, accuracy: 2e-3) }
    }

    func testMappedModelServesAfterItsFilesWereRemovedAndOneInMemoryGivesItsScores() async throws {
        let (bundle, library) = (try trained("EDGE_BUNDLE"), try trained("EDGE_LITERT"))
        let cache = Folder(NSTemporaryDirectory() + "edge-\(UUID().uuidString)")
        defer { try? cache.remove() }
        let options = try Options(engine: .liteRT(library: library), directory: .path(cache.path))
        let ranker = try await Ranker.open(.file(bundle), options)
        let golden = try EdgeBundle(.file(bundle)).files(["golden.jsonl"])[0]
        let line = Vector(try JsonReader.read(Array(golden[..<(try XCTUnwrap(golden.firstIndex(of: 0x0A)))])))
        let request = try request(of: line["request"].value)
        if let maps = Folder("/proc/self").read("maps") {  // on Linux
            XCTAssert(String(decoding: maps, as: UTF8.self).contains("\(cache.path)/"))
        }
        try cache.remove()
        let inMemory = try await Ranker.open(.file(bundle), Options(engine: .liteRT(library: library), directory: .memory))
        var scores: [[Double]] = []
        for each in [ranker, inMemory] {
            let user = try await each.user(request.user, request.events)
            scores.append(try await each.rank(user, request.candidates, time: request.time).scores)
            try await each.verify()
        }
        XCTAssertEqual(scores[0], scores[1])
        XCTAssertFalse(cache.isThere && !cache.names.allSatisfy { $0 == ".lock" })
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
