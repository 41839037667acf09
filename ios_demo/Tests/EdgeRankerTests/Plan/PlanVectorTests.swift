import XCTest

@testable import EdgeRanker

private func vectors(kind: ByteText) throws -> [Vector] {
    try EdgeRankerTests.vectors("edge/runtime/planner.jsonl", kind: kind) + drawnPlans(kind: kind)
}

final class PlanVectorTests: XCTestCase {
    func testEveryRequestTakesItsExit() throws {
        for vector in try vectors(kind: "exit") {
            let costs = costs(vector["costs"])
            let choices = vector["exits"].list.map { listed in
                let exit = Exit(encode: listed["encode"].int, interact: listed["interact"].int)
                let work = work(vector["works"][ByteText("\(exit.encode)")])
                let milliseconds = work.milliseconds(costs, exit, phraseDepth: vector["phrase_depth"].int)
                let measured = MeasuredExit(
                    exit: exit, auc: optional(listed, "auc"), validationAuc: optional(listed, "validation_auc"))
                return Choice(measured: measured, milliseconds: milliseconds)
            }
            let found = choose(choices, left: optional(vector, "budget_ms"), minAuc: optional(vector, "min_auc"))
            let expected = vector["expected"]
            XCTAssertEqual(found.exit, Exit(encode: expected["encode"].int, interact: expected["interact"].int), "\(vector)")
            assertNear(found.milliseconds, expected["milliseconds"].double, "\(vector)")
        }
    }

    func testEveryListHasItsWindow() throws {
        for vector in try vectors(kind: "first") {
            let found = vector["events"].list.map { firstEvent($0.int, most: vector["most"].int) }
            XCTAssertEqual(found, vector["expected"].list.map(\.int), "\(vector)")
        }
    }

    func testEveryPaceIsKept() throws {
        for vector in try vectors(kind: "pace") {
            var pace = Pace()
            for (step, expected) in zip(vector["steps"].list, vector["expected"].list) {
                pace.add(step.list[0].double, step.list[1].double)
                assertNear(pace.factor, expected.list[0].double, "\(vector)")
                assertNear(pace.caution, expected.list[1].double, "\(vector)")
            }
        }
    }

    func testEveryRequestNamesItsTexts() throws {
        for vector in try vectors(kind: "texts") {
            let events = vector["events"].int
            let kept = vector["kept"].isNull ? [0, 0] : vector["kept"].list.map(\.int)
            let lacking = Lacking(events: events, most: vector["most"].int, keptFirst: kept[0], keptEntries: kept[1])
            let new = (lacking.from..<events).map { "event \($0)" }
            let candidates = (0..<vector["candidates"].int).map { "candidate \($0)" }
            let expected = vector["expected"]
            let items = (lacking.whole ? ["profile"] : []) + new + candidates
            XCTAssertEqual(items, expected["items"].list.map(\.text.description), "\(vector)")
            XCTAssertEqual(new + candidates, expected["phrases"].list.map(\.text.description), "\(vector)")
        }
    }

    func testEveryDrawnOrderIsPythons() throws {
        let cases = try drawnPlans(kind: "order")
        try XCTSkipIf(cases.isEmpty, "EDGE_PLANS names no file")
        for vector in cases {
            let logits = vector["logits"].list.map { $0.isNull ? .nan : Float($0.double) }
            XCTAssertEqual(bestFirst(logits), vector["expected"].list.map(\.int), "\(vector)")
        }
    }

    func testNaNComesLastAndEqualLogitsKeepTheirOrder() {
        XCTAssertEqual(bestFirst([0, .nan, -0.0, 2, -.infinity, 2]), [3, 5, 0, 2, 1, 4])
    }

    private func optional(_ vector: Vector, _ key: ByteText) -> Double? {
        vector.has(key) && !vector[key].isNull ? vector[key].double : nil
    }

    private func costs(_ vector: Vector) -> Costs {
        Costs(
            chunk: curve(vector["chunk"]), encode: curve(vector["encode"]), append: curve(vector["append"]),
            score: vector["score"].list.map(curve))
    }

    private func curve(_ points: Vector) -> Curve {
        Curve(sizes: points.list.map { $0.list[0].int }, milliseconds: points.list.map { $0.list[1].double })
    }

    private func work(_ vector: Vector) -> Work {
        Work(
            chunks: vector["chunks"].list.map(\.int), phrases: vector["phrases"].list.map(\.int),
            entries: vector["entries"].int, candidates: vector["candidates"].int,
            candidatesWithoutLayers: vector[vector.has("candidates_0") ? "candidates_0" : "candidates"].int)
    }

    private func assertNear(_ found: Double, _ expected: Double, _ what: String) {
        XCTAssertEqual(found, expected, accuracy: 1e-6 * abs(expected), what)
    }
}
