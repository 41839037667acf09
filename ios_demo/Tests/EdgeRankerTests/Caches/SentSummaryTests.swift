import XCTest

@testable import EdgeRanker

final class SentSummaryTests: XCTestCase {
    func testEachTextIsKeptOrRefusedAsItMustBe() throws {
        let lines = try file("edge/bundle/receive.jsonl").split(separator: 0x0A).map { Vector(try JsonReader.read(Array($0))) }
        XCTAssertGreaterThan(lines.count, 70)
        for line in lines {
            let (model, kind) = (line["model"], line["kind"].text.description)
            let text = line.has("text") ? line["text"].text.bytes : try XCTUnwrap(bytes(ofHex: line["bytes"].text.bytes))
            let budget = line.has("budget_bytes") ? line["budget_bytes"].int : 1_000_000
            var cache = SummaryCache(hidden: model["hidden"].int, budget: budget)
            func receive() throws -> Int {
                let sent = try sentSummaries(text, weights: model["weights"].text.description, shape(model))
                for (key, halves) in sent { cache.keep(key, halves) }
                return sent.count
            }
            if line["verdict"].text == "refuse" {
                XCTAssert(refusal(kind) { _ = try receive() }.contains("fix: "), kind)
                XCTAssert(cache.keys.isEmpty, kind)
                continue
            }
            XCTAssertEqual(try receive(), line["expected"]["received"].int, kind)
            let kept = cache.entries.map { key, halves -> JsonValue in
                let tokens = key.tokens.map { JsonValue.integer(Int64($0)) }
                return .list([.integer(Int64(key.depth)), .list(tokens), .list(halves.map { .integer(Int64($0)) })])
            }
            XCTAssertEqual(JsonValue.list(kept), line["expected"]["kept"].value, kind)
        }
    }

    func testBundleWithoutWeightsRefusesEveryText() throws {
        let text = "{\"schema\": \"edge-ranker/summaries/1\", \"weights\": \"\", \"hidden\": 8}"
        let shape = try EdgeBundle(.buffer(file("edge/bundle/vectors/plain.edge"))).shape
        XCTAssertEqual(shape.hidden, 8)
        XCTAssert(refusal("no weights") { _ = try sentSummaries(Array(text.utf8), weights: "", shape) }.contains("other weights"))
    }

    private func shape(_ model: Vector) throws -> ModelShape {
        let sizes = """
            {"hidden": \(model["hidden"]), "heads": 1, "encode_depths": \(model["encode_depths"]), "interact_layers": 0,
            "positions": \(model["positions"]), "places": 2, "numbers": 0, "distances": 2, "match_size": 1,
            "match_heads": 1, "factors": 0, "vocabulary": \(model["vocabulary"]), "value": "liked"}
            """
        return try ModelShape(ManifestValues("model", JsonReader.read(Array(sizes.utf8))))
    }
}
