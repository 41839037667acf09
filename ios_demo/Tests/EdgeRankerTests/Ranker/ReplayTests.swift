import XCTest

@testable import EdgeRanker
@testable import EdgeReference

/// What is wrong in a port must not pass `verify`: each fault is one that a port could have.
final class ReplayTests: XCTestCase {
    func testSoundModelReproducesItsOwnGoldenRequests() throws {
        var model = try tinyModel(withStrongDistances)
        let golden = try golden(of: &model)
        for _ in 0..<2 { try model.verify(golden, owner) }
    }

    func testDistancesThatAreOneBucketOffFailAndTheRecordIsNamed() throws {
        try assertNamed("golden request 1", "exit 1/1") { tensors in
            tensors.map { tensor in
                changed(tensor, "distance") { $0.chunks(of: tensor.columns).flatMap { $0.dropFirst() + $0.suffix(1) } }
            }
        }
    }

    func testKindsThatAreSwappedFailAndTheRecordIsNamed() throws {
        try assertNamed("golden request 1", "exit 1/0") { tensors in
            tensors.map { tensor in
                changed(tensor, "kind.weight") { Array($0.dropFirst(tensor.columns) + $0.prefix(tensor.columns)) }
            }
        }
    }

    func testScoresThatAreNoNumbersFailAndTheRecordIsNamed() throws {
        try assertNamed("golden request 1", "exit 1/0") { tensors in
            tensors.map { changed($0, "head.bias") { $0.map { _ in .nan } } }
        }
    }

    private var owner: ObjectIdentifier { ObjectIdentifier(self) }

    /// A model whose weights are spoilt fails to reproduce what the sound one gives.
    private func assertNamed(_ record: String, _ exit: String, _ change: @escaping @Sendable ([Tensor]) -> [Tensor]) throws {
        var sound = try tinyModel(withStrongDistances)
        let golden = try golden(of: &sound)
        var wrong = try tinyModel { change(withStrongDistances($0)) }
        let message = refusal(exit) { try wrong.verify(golden, owner) }
        XCTAssert(message.contains(record) && message.contains(exit), message)
    }

    /// The lines of `golden.jsonl` that a model itself answers.
    private func golden(of model: inout OpenedModel) throws -> Golden {
        var lines: [String] = []
        for index in 1...3 { lines.append(try line(index, &model)) }
        return try Golden(model.bundle.manifest, Array(lines.joined(separator: "\n").utf8), model.texts)
    }

    private func line(_ index: Int, _ model: inout OpenedModel) throws -> String {
        let sent = requestText(events: 3 * index, firstCandidate: index)
        let request = try parseRequest(Array(sent.utf8))
        let texts = model.texts
        let rendered: [(String, [ByteText])] = [
            ("profile", [try texts.profile(request.user)]), ("items", try request.events.map { try texts.item($0.item) }),
            ("phrases", try request.events.map { try texts.phrase($0) }),
            ("candidates", try request.candidates.map { try texts.item($0) }),
            ("contexts", try request.candidates.map { try texts.context($0) }),
        ]
        var numbers = try UserNumbers(texts.spec.numbers, request.user)
        for event in request.events { _ = try numbers.add(event, "") }
        let all = try numbers.of(request.candidates, request.time)
        let ofCandidates = request.candidates.indices.map { row in
            JsonValue.list(all[row].map { $0.isNaN ? .null : .number(Double($0)) })
        }
        let ids = rendered.map { ($0, JsonValue.list($1.map { .list(texts.tokens($0).map { .integer(Int64($0)) }) })) }
        let line = [
            ("id", JsonValue.text(ByteText("\(index)"))), ("request", try JsonReader.read(Array(sent.utf8))),
            ("texts", object(rendered.map { ($0, .list($1.map { .text($0) })) })), ("ids", object(ids)),
            ("numbers", .list(ofCandidates)), ("logits", try logits(request, &model)),
        ]
        return writeJson(object(line))
    }

    private func logits(_ request: Request, _ model: inout OpenedModel) throws -> JsonValue {
        var user = try UserState("", request.user, request.events, model.texts, model.shape)
        let handles = try model.handles(request.candidates, owner)
        let ranking = Ranking(handles: handles, time: request.time, budget: .none, startedMs: 0) { false }
        var byExit: [(String, JsonValue)] = []
        for exit in model.bundle.manifest.exits.map(\.exit) {
            let logits = try ranking.logits(at: exit, &user, &model)
            byExit.append((exit.description, .list(logits.map { .number(Double($0)) })))
        }
        return object(byExit)
    }
}

/// Distances that matter more than the tolerance, as those of a model that was trained for long.
@Sendable private func withStrongDistances(_ tensors: [Tensor]) -> [Tensor] {
    tensors.map { changed($0, "distance") { $0.map { 20 * $0 } } }
}

private func object(_ members: [(String, JsonValue)]) -> JsonValue {
    var object = JsonObject()
    for (key, value) in members { _ = object.add(ByteText(key), value) }
    return .object(object)
}

/// With the items of the tiny model.
private func requestText(events: Int, firstCandidate: Int) -> String {
    func written(_ index: Int) -> String {
        let item = item(index)
        return "\"id\": \"\(index)\", \"title\": \"\(item["title"].text!)\", \"year\": \(1 + index % 4)"
    }
    let past = (0..<events).map { "{\"item\": {\(written(3 * $0))}, \"liked\": \($0 % 3 > 0), \"time\": \($0)}" }
    let candidates = (firstCandidate..<firstCandidate + 4).map { "{\(written($0))}" }
    return "{\"user\": {\"kind\": \"new\"}, \"events\": [\(past.joined(separator: ", "))], "
        + "\"candidates\": [\(candidates.joined(separator: ", "))], \"time\": 100}"
}

private func changed(_ tensor: Tensor, _ name: ByteText, _ change: ([Float]) -> [Float]) -> Tensor {
    guard tensor.name == name, case .floats(let values) = tensor.values else { return tensor }
    return Tensor(name: tensor.name, shape: tensor.shape, values: .floats(change(values)))
}

extension Array {
    fileprivate func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<$0 + size] }
    }
}
