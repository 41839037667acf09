import CMallocCount
import EdgeLiteRT
import EdgeReference
import XCTest

@testable import EdgeRanker

private let limit = 200
private let limitOfALayer = 20
private let ranks = 20

final class MallocsPerRankTests: XCTestCase {
    func testAKeptUserAnd50KeptCandidatesTake200AllocationsAtMostAtEveryExit() async throws {
        let bundle = try trained("EDGE_BUNDLE")
        for engine in [EngineChoice.liteRT(library: try trained("EDGE_LITERT")), .reference] {
            let found = try await allocations(bundle, engine)
            XCTAssertLessThanOrEqual(found.max() ?? .max, limit, "\(engine.name): \(found)")
            let layers = engine.name == "litert" ? 1 : found.count - 1  // LiteRT computes all of them in one call
            XCTAssertLessThanOrEqual(found[found.count - 1] - found[0], layers * limitOfALayer, "\(engine.name): \(found)")
        }
    }

    /// Of a rank at each exit, when all is kept.
    private func allocations(_ bundle: String, _ engine: EngineChoice) async throws -> [Int] {
        let requests = try EdgeBundle(.file(bundle)).goldenRequests()
        let longest = try XCTUnwrap(requests.max { $0.events.count < $1.events.count })
        let items = requests.flatMap(\.candidates)
        let candidates = (0..<50).map { Item(ByteText("\($0)"), items[$0 % items.count].attributes) }
        let ranker = try await Ranker.open(.file(bundle), Options(engine: engine))
        let user = try await ranker.user(longest.user, longest.events)
        let handles = try await ranker.prepare(candidates)
        var found: [Int] = []
        for exit in try await ranker.exits {
            let budget = Budget(exit: exit)
            for _ in 0..<3 { _ = try await ranker.rank(user, handles, budget: budget, time: longest.time) }
            let before = edge_malloc_count()
            for _ in 0..<ranks { _ = try await ranker.rank(user, handles, budget: budget, time: longest.time) }
            found.append((edge_malloc_count() - before) / ranks)
        }
        try XCTSkipIf(edge_malloc_count() < 0, "allocations are counted on Linux, without a sanitizer")
        return found
    }
}
