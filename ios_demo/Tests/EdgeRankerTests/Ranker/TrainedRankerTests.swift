import Foundation
import XCTest

@testable import EdgeRanker
@testable import EdgeReference

final class TrainedRankerTests: XCTestCase {
    func testTrainedBundlePassesItsGoldenRequestsAtEveryExit() async throws {
        let path = try trained("EDGE_BUNDLE")
        let ranker = try await Ranker.open(.file(path), Options(engine: .reference))
        try await ranker.verify()
    }

    func testEngineThatSwapsKindsFailsTheReplayAndTheRecordIsNamed() async throws {
        let path = try trained("EDGE_BUNDLE")
        let wrong = EngineChoice("reference") { bundle in
            let tensors = try bundle.weights.tensors.map { $0.name == "kind.weight" ? eventsAsCandidates($0) : $0 }
            return try ReferenceEngine(PackedWeights(tensors), bundle.shape)
        }
        let ranker = try await Ranker.open(.file(path), Options(engine: wrong))
        do {
            try await ranker.verify()
            XCTFail("replayed")
        } catch {
            XCTAssert("\(error)".contains("golden request") && "\(error)".contains("exit"), "\(error)")
        }
    }

    func testDamagedGoldenRequestIsNamed() throws {
        let bundle = try EdgeBundle(.file(try trained("EDGE_BUNDLE")))
        let texts = try bundle.texts()
        let file = try bundle.files(["golden.jsonl"])[0]
        let line = Array(file[..<(try XCTUnwrap(file.firstIndex(of: 0x0A)))])
        let golden = Vector(try JsonReader.read(line))
        for key in ["texts", "ids", "numbers"] as [ByteText] {
            let other = Vector(try changed(golden, key))
            let id = golden["id"].text.description
            let message = refusal("\(key)") {
                try Golden(bundle.manifest, Array(writeJson(other.value).utf8), texts).replayTexts()
            }
            XCTAssert(message.contains(id), message)
        }
        XCTAssertNoThrow(try Golden(bundle.manifest, line, texts).replayTexts())
    }

    /// The line with the first leaf below a key replaced.
    private func changed(_ vector: Vector, _ key: ByteText) throws -> JsonValue {
        var object = JsonObject()
        for (name, value) in vector.members { _ = object.add(name, name == key ? replaced(value.value).0 : value.value) }
        return .object(object)
    }

    private func replaced(_ value: JsonValue) -> (JsonValue, Bool) {
        switch value {
        case .text: return (.text("another text"), true)
        case .integer(let integer): return (.integer(integer + 1), true)
        case .number(let number): return (.number(number + 0.01), true)
        case .null: return (.number(0.5), true)
        case .flag: return (value, false)
        case .list(var list):
            for index in list.indices {
                let (new, done) = replaced(list[index])
                if !done { continue }
                list[index] = new
                return (.list(list), true)
            }
            return (value, false)
        case .object(let object):
            var copy = JsonObject()
            var isDone = false
            for (key, value) in zip(object.keys, object.values) {
                let (new, done) = isDone ? (value, false) : replaced(value)
                isDone = isDone || done
                _ = copy.add(key, new)
            }
            return (.object(copy), isDone)
        }
    }
}

/// The rows of events and of candidates, each in the place of the other. They are made strong, because a bundle that was trained
/// for seconds has kinds that matter less than the tolerance.
private func eventsAsCandidates(_ tensor: Tensor) -> Tensor {
    guard let values = tensor.floats?.map({ 100 * $0 }) else { return tensor }
    let rows = (0..<3).map { values[$0 * tensor.columns..<($0 + 1) * tensor.columns] }
    return Tensor(name: tensor.name, shape: tensor.shape, values: .floats(Array(rows[0] + rows[2] + rows[1])))
}
