import XCTest

@testable import EdgeCoreML
@testable import EdgeRanker

final class CoreMLModelTests: XCTestCase {
    private let shape = try! EdgeBundle(.buffer(file("edge/bundle/vectors/calibrated.edge"))).shape

    func testFunctionGetsTheArraysThatTheSpecificationLists() throws {
        let functions = RecordedFunctions(shape)
        let timeline = Timeline(shape)
        let engine = try engine(functions)
        _ = try engine.summarise([[2, 3], []], depth: 1)
        _ = try engine.append(entries(3), profile: true, to: timeline)
        _ = try engine.score(entries(5), timeline, depth: 1)
        _ = try engine.score(entries(2), timeline, depth: 0)
        let chunk = ["embed_16", "encode_16", "summarise_4_16"]
        let found = functions.calls.map(\.name)
        XCTAssertEqual(found, chunk + ["append_2", "append_2", "score_1_4", "score_1_4", "score_0_4"])
        for (name, inputs) in functions.calls {
            let wanted = try XCTUnwrap(Signature(bucket: name, shape)).inputs
            XCTAssertEqual(inputs.mapValues(\.extents), wanted, name)
            for (input, array) in inputs {
                XCTAssertEqual(array.isOfIntegers, Signature.integers.contains(input), "\(input) of \(name)")
            }
        }
    }

    func testOutputsOfAnotherModelAreRefusedByName() throws {
        for (missing, part) in [("hidden", "hidden of embed_16 has 0 values"), ("logits", "logits of score_0_4 has 0 values")] {
            let engine = try engine(RecordedFunctions(shape, without: missing))
            let message = refusal(missing) {
                _ = try engine.summarise([[2]], depth: 0)
                _ = try engine.score(entries(1), Timeline(shape), depth: 0)
            }
            XCTAssert(message.contains(part), message)
        }
    }

    func testBucketsThatAreNoneOfAModelAreRefused() throws {
        let message = refusal("no score") {
            _ = try BucketEngine("coreml", CoreMLModel(RecordedFunctions(shape), shape), ["embed_16"], shape)
        }
        XCTAssert(message.contains("embed_16"), message)
    }

    private func engine(_ functions: RecordedFunctions) throws -> BucketEngine {
        let buckets = ["embed_16", "encode_16", "summarise_4_16", "append_2", "score_0_4", "score_1_4"]
        return try BucketEngine("coreml", CoreMLModel(functions, shape), buckets, shape)
    }

    private func entries(_ count: Int) -> Entries {
        let rows = Matrix(
            rows: count, columns: shape.hidden, values: Array(repeating: 1, count: count * shape.hidden))
        let numbers = Matrix(
            rows: count, columns: shape.numbers, values: Array(repeating: .nan, count: count * shape.numbers))
        return Entries(items: rows, phrases: rows, numbers: numbers)
    }
}

/// Gives zeros, and records what it gets.
private final class RecordedFunctions: CoreMLFunctions {
    private let shape: ModelShape
    private let missing: String
    var calls: [(name: String, inputs: [String: CoreMLArray])] = []

    init(_ shape: ModelShape, without missing: String = "") {
        self.shape = shape
        self.missing = missing
    }

    func predict(_ function: String, _ inputs: [String: CoreMLArray]) throws -> [String: [Float]] {
        calls.append((function, inputs))
        let outputs = try XCTUnwrap(Signature(bucket: function, shape)).outputs.filter { $0.key != missing }
        return outputs.mapValues { Array(repeating: 0, count: $0.reduce(1, *)) }
    }
}

extension CoreMLArray {
    fileprivate var extents: [Int] {
        switch self {
        case .floats(_, let extents), .integers(_, let extents): extents
        }
    }

    fileprivate var isOfIntegers: Bool {
        if case .integers = self { return true }
        return false
    }
}
