@testable import EdgeRanker
@testable import EdgeReference

/// A ranker of random weights, with the texts and the exits of a small bundle; `wrap` may watch its engine.
func tinyRanker(
    _ bundle: String = "calibrated", directory: Options.Directory = .memory, memoryMb: Double = 64, logRows: Int = 1_000,
    weights: @escaping @Sendable (ModelShape) -> PackedWeights = { randomWeights($0) },
    wrap: @escaping @Sendable (any Engine) -> any Engine = { $0 }
) async throws -> Ranker {
    let engine = EngineChoice("reference") { bundle in
        wrap(try ReferenceEngine(weights(bundle.shape), bundle.shape))
    }
    let options = try Options(engine: engine, directory: directory, memoryMb: memoryMb, logRows: logRows)
    return try await Ranker.open(.buffer(file("edge/bundle/vectors/\(bundle).edge")), options)
}

/// The same, as the ranker opens it; `change` may spoil its weights.
func tinyModel(
    _ change: @escaping @Sendable ([Tensor]) -> [Tensor] = { $0 }, wrap: @escaping @Sendable (any Engine) -> any Engine = { $0 }
) throws -> OpenedModel {
    let engine = EngineChoice("reference") { bundle in
        let weights = PackedWeights(change(randomWeights(bundle.shape).tensors))
        return wrap(try ReferenceEngine(weights, bundle.shape))
    }
    return try OpenedModel(.buffer(file("edge/bundle/vectors/calibrated.edge")), Options(engine: engine)) { _, _ in }
}

func randomWeights(_ shape: ModelShape) -> PackedWeights {
    var state: UInt64 = 7
    var tensors: [Tensor] = []
    func floats(_ name: String, _ extents: Int...) {
        let values = (0..<extents.reduce(1, *)).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (Float(state >> 40) / Float(1 << 24) - 0.5)
        }
        tensors.append(Tensor(name: ByteText(name), shape: extents, values: .floats(values)))
    }
    func linear(_ name: String, _ outputs: Int, _ width: Int) {
        floats(name + ".weight", outputs, width)
        floats(name + ".bias", outputs)
    }
    let hidden = shape.hidden
    let inputs = 2 * (shape.numbers + (shape.factors > 0 ? 1 : 0))
    floats("token.weight", shape.vocabulary, hidden)
    floats("position.weight", shape.positions, hidden)
    floats("kind.weight", 3, hidden)
    floats("distance", shape.interactLayers, shape.heads, shape.distances)
    for name in ["embedding_norm", "summary_norm", "head_norm", "layers.0.attention_norm", "layers.0.feed_forward_norm"] {
        floats(name + ".weight", hidden)
        floats(name + ".bias", hidden)
    }
    linear("layers.0.attention_in", 3 * hidden, hidden)
    linear("layers.0.attention_out", hidden, hidden)
    linear("layers.0.feed_forward_in", 2 * hidden, hidden)
    linear("layers.0.feed_forward_out", hidden, 2 * hidden)
    linear("numbers.0", 4, inputs)
    linear("numbers.2", hidden, 4)
    linear("deep.0", 4, inputs)
    linear("deep.3", 1, 4)
    linear("wide", 1, inputs)
    linear("head", 1, hidden)
    linear("matched", 1, 3 * shape.matchHeads + 1)
    linear("match.gate", shape.matchHeads, hidden)
    linear("match.value", shape.matchHeads, hidden)
    if shape.factors > 0 { linear("likeness.factors", shape.factors, hidden) }
    floats("match.of_event.weight", shape.matchSize, hidden)
    floats("match.of_candidate.weight", shape.matchSize, hidden)
    floats("match.sharpness", shape.matchHeads)
    for name in ["overall", "unit", "mean", "spread"] { floats("likeness." + name, 1) }
    return PackedWeights(tensors)
}

private let colours = ["red", "green", "blue", "old", "new"]

/// Records as the templates and numbers of the bundle read them.
func item(_ index: Int) -> Item {
    let title = "\(colours[index % 5]) \(colours[index / 5 % 5]) sea"
    return Item("\(index)", ["title": Attribute(title), "year": Attribute(1 + index % 4), "age": Attribute(colours[index % 3])])
}

func event(_ index: Int) -> Event { Event(item(index * 3), ["liked": Attribute(index % 3 > 0)], time: Double(index)) }

let profile = User(["kind": "new"])
