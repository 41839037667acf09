import XCTest

@testable import EdgeRanker
@testable import EdgeReference

private func vectors(kind: ByteText) throws -> [Vector] {
    try EdgeRankerTests.vectors("edge/engines/vectors.jsonl", kind: kind)
}

final class EngineVectorTests: XCTestCase {
    func testEveryDistanceHasItsBucket() throws {
        for vector in try vectors(kind: "bucket") {
            let found = vector["of"].list.map { bucket($0.int, vector["distances"].int) }
            XCTAssertEqual(found, vector["expected"].list.map(\.int), "\(vector)")
        }
    }

    func testEveryTimelineHasItsBuckets() throws {
        for vector in try vectors(kind: "apart") {
            let (places, distances, entries) = (vector["places"].int, vector["distances"].int, vector["entries"].int)
            let expected = vector["expected"].list.map { $0.list.map { Int32($0.int) } }
            if vector["new"].isNull {
                XCTAssertEqual(apart(places: places, distances: distances, entries: entries), expected[0], "\(vector)")
                continue
            }
            let new = vector["new"].int
            let found = apartOfNew(places: places, distances: distances, entries: entries, new: new, size: new)
            XCTAssertEqual(found, Array(expected.joined()), "\(vector)")
            let padded = apartOfNew(places: places, distances: distances, entries: entries, new: new, size: new + 2)
            let (nowhere, width) = (Int32(distances), places + new + 2)
            XCTAssertEqual(padded, expected.flatMap { $0 + [nowhere, nowhere] } + Array(repeating: nowhere, count: 2 * width))
        }
    }

    func testEveryRowHasItsLevelsAndItsStep() throws {
        for vector in try vectors(kind: "levels") {
            let row = vector["row"].list.map { Float($0.double) }
            var levels = [Float](repeating: 0, count: row.count)
            let step = quantise(row, row.count, into: &levels)
            XCTAssertEqual(levels.map { Int($0) }, vector["levels"].list.map(\.int), "\(vector)")
            XCTAssertEqual(step, Float(vector["step"].double), "\(vector)")
        }
    }

    func testGeluIsWithinFourTenMillionths() throws {
        for vector in try vectors(kind: "gelu") {
            for (x, expected) in zip(vector["of"].list, vector["expected"].list) {
                var found = Float(x.double)
                gelu(&found, 1)
                let difference = abs(Double(found) - expected.double)
                XCTAssertLessThanOrEqual(difference, 4e-7 * max(1, abs(expected.double)), "gelu(\(x))")
            }
        }
    }
}
