import EdgeRanker

/// A session for each entry point, over one mapped file of weights. Sizes are dynamic, so only the timeline is padded
/// (ENGINE.md, "Sizes").
package final class ONNXEngine: Engine {
    package let name = "onnx"
    package let shape: ModelShape
    package let chunkTokens = 256
    package let chunkSegments = 64
    private let sessions: [String: ONNXSession]
    private let inputs: ONNXInputs

    /// `folder`: that of the model's files. Errors: ONNX Runtime is missing, or the files are not what the manifest
    /// describes.
    package init(_ folder: String, _ shape: ModelShape, library: String?, threads: Int) throws {
        let runtime = try ONNXRuntime(library)
        self.shape = shape
        inputs = ONNXInputs(runtime)
        sessions = try entryPoints(shape).reduce(into: [:]) { sessions, entry in
            sessions[entry.key] = try ONNXSession(entry.key, in: folder, entry.value, runtime, threads: threads)
        }
    }

    package func paddedTokens(_ tokens: Int) -> Int { tokens }

    package func paddedCandidates(_ count: Int, depth: Int) -> Int { count }

    /// Hidden states stay in ONNX Runtime's memory: the output of one call is the input of the next.
    package func summarise(_ segments: [[Int32]], depth: Int) throws -> [[Float]] {
        if segments.isEmpty { return [] }
        let chunk = Chunk(segments, positions: shape.positions)
        let (tokens, width) = (chunk.tokens, shape.hidden)
        try inputs.write("ids", [tokens], chunk.ids(tokens))
        try inputs.write("positions", [tokens], chunk.positions(tokens))
        var hidden = try run("embed", "hidden")
        if depth > 0 { try inputs.write("mask", [tokens, tokens], chunk.mask(tokens)) }
        for _ in 0..<depth { hidden = try run("encode", "stepped", hidden: hidden) }
        try inputs.write("weights", [segments.count, tokens], chunk.weights(segments.count, tokens))
        let summaries = try run("summarise", "summaries", hidden: hidden)
        return try segments.indices.map { try summaries.read(from: $0 * width, count: width) }
    }

    package func append(_ entries: Entries, profile: Bool, to timeline: Timeline) throws -> NewPlaces {
        let (count, places) = (entries.count, shape.places)
        if count == 0 { throw EdgeError("there is nothing to append") }
        try write(entries)
        try inputs.write("events", [count], (0..<count).map { Float(profile && $0 == 0 ? 0 : 1) })
        if shape.interactLayers > 1 {
            try writeStates(timeline)
            let apart = apartOfNew(
                places: places, distances: shape.distances, entries: timeline.entries, new: count, size: count)
            try inputs.write("apart", [count, places + count], apart)
        }
        let new = try session("append").run(inputs)
        func matrix(_ name: String, _ columns: Int) throws -> Matrix {
            Matrix(rows: count, columns: columns, values: try new[name]?.read(count: count * columns) ?? [])
        }
        func states(_ name: String) throws -> [[Float]] {
            try (0..<shape.interactLayers).map { layer in
                try new[name]?.read(from: layer * count * shape.hidden, count: count * shape.hidden) ?? []
            }
        }
        return NewPlaces(
            keys: try states("new_keys"), values: try states("new_values"),
            matchKeys: try matrix("new_match_keys", shape.matchSize), gates: try matrix("new_gates", shape.matchHeads),
            said: try matrix("new_said", shape.matchHeads), factors: try matrix("new_factors", shape.factors))
    }

    package func score(_ candidates: Entries, _ timeline: Timeline, depth: Int) throws -> [Float] {
        let (count, places) = (candidates.count, shape.places)
        if count == 0 { return [] }
        try write(candidates)
        try inputs.write("match_keys", [places, shape.matchSize], timeline.matchKeys.values)
        try inputs.write("gates", [places, shape.matchHeads], timeline.gates.values)
        try inputs.write("said", [places, shape.matchHeads], timeline.said.values)
        try inputs.write("factors", [places, shape.factors], timeline.factors.values)
        try inputs.write("events", [places], timeline.events)
        try inputs.write("liked", [places], timeline.liked)
        if depth > 0 {
            try writeStates(timeline)
            let apart = apart(places: places, distances: shape.distances, entries: timeline.entries)
            try inputs.write("apart", [places], apart)
        }
        return try run("score_\(depth > 0 ? shape.interactLayers : 0)", "logits").read(from: depth * count, count: count)
    }

    private func write(_ entries: Entries) throws {
        let (count, few) = (entries.count, shape.numbers)
        try inputs.write("items", [count, shape.hidden], entries.items.values)
        try inputs.write("phrases", [count, shape.hidden], entries.phrases.values)
        try inputs.write("numbers", [count, few], entries.numbers.values)
        try inputs.write("missing", [count, few], entries.missing.values)
    }

    private func writeStates(_ timeline: Timeline) throws {
        let extents = [shape.interactLayers, shape.heads, shape.places, shape.hidden / shape.heads]
        try inputs.write("keys", extents, timeline.keys.map { $0[...] })
        try inputs.write("values", extents, timeline.values.map { $0[...] })
    }

    private func session(_ entry: String) throws -> ONNXSession {
        guard let session = sessions[entry] else { throw EdgeError("the model has no \(entry)", fix: "export the bundle again") }
        return session
    }

    private func run(_ entry: String, _ output: String, hidden: ONNXValue? = nil) throws -> ONNXValue {
        guard let value = try session(entry).run(inputs, hidden: hidden)[output] else {
            throw EdgeError("\(entry) gives no \(output)", fix: "export the bundle again")
        }
        return value
    }
}

/// The entry points that a model of this shape has, by the name of their file.
private func entryPoints(_ shape: ModelShape) -> [String: Signature] {
    var entries: [(file: String, entry: String, sizes: [Int])] = [
        ("embed", "embed", [Signature.any]), ("summarise", "summarise", [Signature.any, Signature.any]),
        ("append", "append", [Signature.any]),
    ]
    if (shape.encodeDepths.last ?? 0) > 0 { entries.append(("encode", "encode", [Signature.any])) }
    for depth in Set([0, shape.interactLayers]) { entries.append(("score_\(depth)", "score", [depth, Signature.any])) }
    return entries.reduce(into: [:]) { $0[$1.file] = Signature($1.entry, $1.sizes, shape) }
}
