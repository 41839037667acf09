import XCTest

@testable import EdgeRanker

final class SummaryVectorTests: XCTestCase {
    func testEveryRequestEncodesAndKeepsWhatItMust() throws {
        for vector in try vectors("edge/runtime/lru.jsonl", kind: "summaries") + drawnPlans(kind: "summaries") {
            let engine = try CountingEngine(vector)
            let cache = SummaryCache(hidden: engine.shape.hidden, budget: vector["budget_bytes"].int)
            var summaries = Summaries(cache: cache)
            for (request, expected) in zip(vector["requests"].list, vector["expected"].list) {
                let segments = request["segments"].list.map { $0.list.map { Int32($0.int) } }
                let depth = request["depth"].int
                engine.chunks = []
                let missing = Array(summaries.missing(segments, depth, engine).joined())
                XCTAssertEqual(missing, expected["missing"].list.map { $0.list.map { Int32($0.int) } }, "\(vector)")
                let found = try summaries.take(segments, depth, engine) {}
                XCTAssertEqual(found.values, segments.flatMap { engine.summary($0, depth) })
                XCTAssertEqual(engine.chunks, expected["chunks"].list.map { $0.list.map(\.int) }, "\(vector)")
                XCTAssertEqual(summaries.cache.bytes, expected["bytes"].int, "\(vector)")
                let kept = expected["kept"].list.map { entry in
                    SummaryKey(depth: entry.list[0].int, tokens: entry.list[1].list.map { Int32($0.int) })
                }
                XCTAssertEqual(summaries.cache.keys, kept, "\(vector)")
            }
        }
    }

    func testTrimmingLeavesTheLatestUsedWithinItsBytes() {
        var cache = SummaryCache(hidden: 4, budget: 1_000)
        for token in 0..<10 { _ = cache.write(SummaryKey(depth: 1, tokens: [Int32(token)]), [0, 0, 0, 0]) }
        XCTAssertNotNil(read(&cache, SummaryKey(depth: 1, tokens: [0])))
        cache.trim(toBytes: 40)
        XCTAssertEqual(cache.bytes, 32)
        XCTAssertEqual(cache.keys.map { $0.tokens[0] }, [9, 0])
        cache.clear()
        XCTAssert(cache.keys.isEmpty && cache.bytes == 0)
    }

    func testManyUsesOfAFewEntriesKeepTheirOrder() {
        var cache = SummaryCache(hidden: 4, budget: 48)
        let keys = (0..<4).map { SummaryKey(depth: 0, tokens: [Int32($0)]) }
        for key in keys[..<3] { _ = cache.write(key, [1, 2, 3, 4]) }
        for turn in 0..<5_000 { XCTAssertEqual(read(&cache, keys[turn % 2]), [1, 2, 3, 4]) }
        XCTAssertEqual(cache.keys, [keys[2], keys[0], keys[1]])
        _ = cache.write(keys[3], [1, 2, 3, 4])
        XCTAssertEqual(cache.keys, [keys[0], keys[1], keys[3]])
    }
}

private func read(_ cache: inout SummaryCache, _ key: SummaryKey) -> [Float]? {
    var row = Matrix(rows: 1, columns: 4)
    return cache.read(key, into: &row, row: 0) ? row.values : nil
}

/// Notes the chunks that it is given; a summary is made of whole numbers, which float16 holds.
private final class CountingEngine: Engine {
    let name = "counting"
    let shape: ModelShape
    let chunkTokens: Int
    let chunkSegments: Int
    var chunks: [[Int]] = []

    init(_ vector: Vector) throws {
        let sizes = """
            {"hidden": \(vector["hidden"]), "heads": 1, "encode_depths": [1], "interact_layers": 0,
            "positions": \(vector["positions"]), "places": 2, "numbers": 0, "distances": 2, "match_size": 1,
            "match_heads": 1, "factors": 0, "vocabulary": 10, "value": "liked"}
            """
        shape = try ModelShape(ManifestValues("model", JsonReader.read(Array(sizes.utf8))))
        chunkTokens = vector["chunk_tokens"].int
        chunkSegments = vector["chunk_segments"].int
    }

    func summary(_ segment: [Int32], _ depth: Int) -> [Float] {
        (0..<shape.hidden).map { Float(segment.reduce(0, +)) + Float(depth + $0) }
    }

    func paddedTokens(_ tokens: Int) -> Int { tokens }

    func paddedCandidates(_ count: Int, depth: Int) -> Int { count }

    func summarise(_ segments: [[Int32]], depth: Int) throws -> [[Float]] {
        chunks.append([segments.count, segments.reduce(0) { $0 + tokenCount($1, shape.positions) }])
        return segments.map { summary($0, depth) }
    }

    func append(_ entries: Entries, profile: Bool, to timeline: Timeline) throws -> NewPlaces { fatalError("not called") }

    func score(_ candidates: Entries, _ timeline: Timeline, depth: Int) throws -> [Float] { fatalError("not called") }
}
