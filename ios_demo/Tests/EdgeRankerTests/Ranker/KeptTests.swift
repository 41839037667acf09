import Foundation
import XCTest

@testable import EdgeRanker
@testable import EdgeReference

/// What a ranker keeps in its directory, from one opening to the next.
final class KeptTests: XCTestCase {
    private let cache = Folder(NSTemporaryDirectory() + "edge-\(UUID().uuidString)")
    private var directory: Options.Directory { .path(cache.path) }
    private let items = (0..<20).map(item)

    override func tearDown() { try? cache.remove() }

    func testCostsAreMeasuredOnceAndAgainWhereTheirFileIsDamaged() throws {
        try cache.make()
        let calls = Counter()
        let shape = try EdgeBundle(.buffer(file("edge/bundle/vectors/calibrated.edge"))).shape
        let engine = WatchedEngine(try ReferenceEngine(randomWeights(shape), shape)) { _ = calls.next() }
        let choice = EngineChoice("reference", variant: "2") { _ in throw EdgeError("not called") }
        func measured() throws -> (costs: Costs, calls: Int) {
            let before = calls.next()
            return (try keptCosts(choice, engine, in: cache), calls.next() - before)
        }
        let first = try measured()
        XCTAssertEqual(cache.names, ["costs-reference-2.json"])
        let second = try measured()
        XCTAssertLessThan(second.calls, first.calls)
        XCTAssertEqual(second.costs.append.milliseconds, first.costs.append.milliseconds)
        XCTAssertEqual(second.costs.score.map(\.milliseconds), first.costs.score.map(\.milliseconds))
        XCTAssertEqual(second.costs.chunk.sizes, first.costs.chunk.sizes)
        let good = String(decoding: try XCTUnwrap(cache.read("costs-reference-2.json")), as: UTF8.self)
        for bad in [
            "", "{}", String(good.dropLast()), good.replacingOccurrences(of: "score", with: "scores"),
            good.replacingOccurrences(of: "[1,", with: "[99,"), good.replacingOccurrences(of: "\"append\": [", with: "\"append\": [[],"),
        ] {
            try cache.replace("costs-reference-2.json", with: Array(bad.utf8))
            XCTAssertEqual(try measured().calls, first.calls, bad)
            XCTAssertNotEqual(try XCTUnwrap(cache.read("costs-reference-2.json")), Array(bad.utf8))
        }
    }

    func testPreparedSummariesAreThereAtTheNextOpeningAndProfilesAreNot() async throws {
        let ranker = try await tinyRanker("holes", directory: directory)
        let folder = try await folder(of: ranker)
        let user = try await ranker.user(profile)
        let expected = try await ranker.rank(user, items)
        XCTAssertNil(folder.size("summaries.bin"), "a request writes nothing")
        _ = try await ranker.prepare(items)
        XCTAssertNotNil(folder.size("summaries.bin"))
        await ranker.close()
        let again = try await tinyRanker("holes", directory: directory)
        let ranked = try await again.rank(try await again.user(profile), items)
        XCTAssertEqual(ranked.scores, expected.scores)
        XCTAssertEqual(ranked.explanation.newTexts, 1, "the profile alone")
        try await again.forget()
        XCTAssertNil(folder.size("summaries.bin"))
        let forgotten = try await tinyRanker("holes", directory: directory)
        let first = try await forgotten.rank(try await forgotten.user(profile), items)
        XCTAssertGreaterThan(first.explanation.newTexts, 1)
    }

    func testSummariesFromAServerSaveTheirEncodingAndARefusedTextChangesNothing() async throws {
        let bundle = try EdgeBundle(.buffer(file("edge/bundle/vectors/holes.edge")))
        let head = "{\"schema\": \"edge-ranker/summaries/1\", \"weights\": \"\(bundle.weightsSha256)\", \"hidden\": 8}\n"
        let texts = try bundle.texts()
        let coded = Data([UInt8](repeating: 0x38, count: 16)).base64EncodedString()
        let lines = try items.map { "{\"tokens\": \(texts.tokens(try texts.item($0))), \"summaries\": {\"1\": \"\(coded)\"}}\n" }
        let ranker = try await tinyRanker("holes")
        let user = try await ranker.user(profile)
        do {
            _ = try await ranker.receive(head + lines.joined() + "{}")
            XCTFail("received")
        } catch {
            XCTAssert("\(error)".contains("line 22 of the summaries"), "\(error)")
        }
        let before = try await ranker.rank(user, items).explanation.newTexts
        XCTAssertGreaterThan(before, 1)
        try await ranker.forget()
        let count = try await ranker.receive(head + lines.joined())
        XCTAssertEqual(count, items.count)
        let after = try await ranker.rank(try await ranker.user(profile), items).explanation.newTexts
        XCTAssertEqual(after, 1, "the profile alone")
    }

    func testDirectoryThatCannotBeWrittenIsNoErrorAndSaid() async throws {
        try cache.make()
        try cache.replace("a-file", with: [1])
        let ranker = try await tinyRanker("holes", directory: .path(cache.path("a-file")))
        let expected = try await tinyRanker("holes")
        let user = try await ranker.user(profile)
        _ = try await ranker.prepare(items)
        let scores = try await ranker.rank(user, items).scores
        let inMemory = try await expected.rank(try await expected.user(profile), items).scores
        XCTAssertEqual(scores, inMemory)
        let (directory, reason) = (try await ranker.directory, try await ranker.notInstalled)
        XCTAssertNil(directory)
        XCTAssert(try XCTUnwrap(reason).description.contains("a-file"), "\(String(describing: reason))")
        let none = try await expected.notInstalled
        XCTAssertNil(none)
        XCTAssertEqual(cache.names, ["a-file"])
    }

    func testRankersThatOpenAtOnceShareOneInstallation() async throws {
        let directory = directory
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let ranker = try await tinyRanker("holes", directory: directory)
                    return try await ranker.prepare((0..<9).map(item)).count
                }
            }
            for try await count in group { XCTAssertEqual(count, 9) }
        }
        let name = try EdgeBundle(.buffer(file("edge/bundle/vectors/holes.edge"))).sha256
        XCTAssertEqual(Set(cache.names), [".lock", name])
        XCTAssertEqual(cache.folder(name).names.filter { $0.hasSuffix(partialEnding) }, [])
    }

    func testOldBundleServesUntilTheNewOneIsVerifiedAndItsFilesGoThen() async throws {
        let old = try await tinyRanker("calibrated", directory: directory)
        let oldFolder = try await folder(of: old)
        let user = try await old.user(profile, [event(1)])
        let expected = try await old.rank(user, items).scores
        let wrong = try await tinyRanker("holes", directory: directory)
        do {
            try await wrong.verify()
            XCTFail("verified")
        } catch {
            XCTAssert(oldFolder.isThere, "the bundle that does not reproduce its golden requests replaces nothing")
        }
        await wrong.close()
        let new = try await tinyRanker("holes", directory: directory, weights: zeroWeights)
        let whileBoth = try await old.rank(user, items).scores
        XCTAssert(oldFolder.isThere)
        try await new.verify()
        XCTAssertFalse(oldFolder.isThere)
        let name = try await new.sha256
        XCTAssertEqual(Set(cache.names), [".lock", name])
        _ = try await old.prepare(items)
        let afterwards = try await old.rank(user, items).scores
        XCTAssertEqual([whileBoth, afterwards], [expected, expected])
        XCTAssertFalse(oldFolder.isThere)
        await old.close()
    }

    private func folder(of ranker: Ranker) async throws -> Folder {
        let path = try await ranker.directory
        return Folder(try XCTUnwrap(path))
    }
}

/// The logits are 0, as in the golden requests of the small bundles.
private func zeroWeights(_ shape: ModelShape) -> PackedWeights {
    PackedWeights(
        randomWeights(shape).tensors.map { tensor in
            Tensor(name: tensor.name, shape: tensor.shape, values: .floats(Array(repeating: 0, count: tensor.count)))
        })
}
