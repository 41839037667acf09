/// Computes a model of static shapes, so that its input is padded to a bucket (ENGINE.md, "Sizes").
package final class BucketEngine: Engine {
    package let name: String
    package let shape: ModelShape
    private let model: any BucketModel
    private let buckets: Buckets
    package var chunkTokens: Int { buckets.tokens }
    package var chunkSegments: Int { buckets.segments }

    /// `buckets`: the names that the manifest lists. Errors: they are not those of a model.
    package init(_ name: String, _ model: any BucketModel, _ buckets: [String], _ shape: ModelShape) throws {
        self.name = name
        self.shape = shape
        self.buckets = try Buckets(buckets, shape)
        self.model = model
    }

    package func paddedTokens(_ tokens: Int) -> Int { buckets.encode.first { $0 >= tokens } ?? buckets.tokens }

    package func paddedCandidates(_ count: Int, depth: Int) -> Int {
        pieces(count, buckets.candidates(depth)).reduce(0) { $0 + $1.size }
    }

    package func summarise(_ segments: [[Int32]], depth: Int) throws -> [[Float]] {
        let (tokens, width) = (buckets.tokens, shape.hidden)
        let chunk = Chunk(segments, positions: shape.positions)
        let embed = try model.graph("embed_\(tokens)")
        try embed.write("ids", chunk.ids(tokens))
        try embed.write("positions", chunk.positions(tokens))
        try embed.run()
        var hidden = try embed.read("hidden", count: tokens * width)
        if depth > 0 {
            let size = paddedTokens(chunk.tokens)
            let encode = try model.graph("encode_\(size)")
            try encode.write("mask", chunk.mask(size))
            var states = Array(hidden[..<(size * width)])
            for _ in 0..<depth {
                try encode.write("hidden", states)
                try encode.run()
                states = try encode.read("stepped", count: size * width)
            }
            hidden.replaceSubrange(..<states.count, with: states)
        }
        let summarise = try model.graph("summarise_\(buckets.segments)_\(tokens)")
        try summarise.write("hidden", hidden)
        try summarise.write("weights", chunk.weights(buckets.segments, tokens))
        try summarise.run()
        return try segments.indices.map { try summarise.read("summaries", from: $0 * width, count: width) }
    }

    package func append(_ entries: Entries, profile: Bool, to timeline: Timeline) throws -> NewPlaces {
        var grown = timeline
        var whole: NewPlaces?
        for (rows, size) in pieces(entries.count, buckets.append) {
            let isFirst = profile && rows.lowerBound == 0
            let new = try append(entries, rows, size, profile: isFirst, to: grown)
            if rows.upperBound < entries.count {
                grown.append(new, profile: isFirst, liked: Array(repeating: 0, count: rows.count))
            }
            whole = whole.map { joined($0, new, shape) } ?? new
        }
        guard let whole else { throw EdgeError("there is nothing to append") }
        return whole
    }

    private func append(
        _ entries: Entries, _ rows: Range<Int>, _ size: Int, profile: Bool, to timeline: Timeline
    ) throws -> NewPlaces {
        let count = rows.count
        let graph = try model.graph("append_\(size)")
        try write(entries, rows, size, to: graph)
        let events = (0..<size).map { Float($0 >= count || (profile && $0 == 0) ? 0 : 1) }
        try graph.write("events", events)
        try graph.write("keys", timeline.keys)
        try graph.write("values", timeline.values)
        if graph.takes("apart") {
            let apart = apartOfNew(
                places: shape.places, distances: shape.distances, entries: timeline.entries, new: count, size: size)
            try graph.write("apart", apart)
        }
        try graph.run()
        func matrix(_ name: String, _ columns: Int) throws -> Matrix {
            Matrix(rows: count, columns: columns, values: try graph.read(name, count: count * columns))
        }
        return NewPlaces(
            keys: try states("new_keys", graph, count, size), values: try states("new_values", graph, count, size),
            matchKeys: try matrix("new_match_keys", shape.matchSize), gates: try matrix("new_gates", shape.matchHeads),
            said: try matrix("new_said", shape.matchHeads), factors: try matrix("new_factors", shape.factors))
    }

    /// (L, A, size, H / A) without the padding, by layer.
    private func states(_ name: String, _ graph: any BucketGraph, _ count: Int, _ size: Int) throws -> [[Float]] {
        let width = shape.hidden / shape.heads
        return try (0..<shape.interactLayers).map { layer in
            try (0..<shape.heads).flatMap { head in
                try graph.read(name, from: (layer * shape.heads + head) * size * width, count: count * width)
            }
        }
    }

    package func score(_ candidates: Entries, _ timeline: Timeline, depth: Int) throws -> [Float] {
        let layers = depth > 0 ? shape.interactLayers : 0
        return try pieces(candidates.count, buckets.candidates(depth)).flatMap { rows, size in
            let graph = try model.graph("score_\(layers)_\(size)")
            try write(candidates, rows, size, to: graph)
            try write(timeline, to: graph)
            try graph.run()
            return try graph.read("logits", from: depth * size, count: rows.count)
        }
    }

    private func write(_ timeline: Timeline, to graph: any BucketGraph) throws {
        try graph.write("keys", timeline.keys)
        try graph.write("values", timeline.values)
        try graph.write("match_keys", timeline.matchKeys.values)
        try graph.write("gates", timeline.gates.values)
        try graph.write("said", timeline.said.values)
        try graph.write("factors", timeline.factors.values)
        try graph.write("events", timeline.events)
        try graph.write("liked", timeline.liked)
        try graph.write("apart", apart(places: shape.places, distances: shape.distances, entries: timeline.entries))
    }

    /// Some rows of entries, padded with 0.
    private func write(_ entries: Entries, _ rows: Range<Int>, _ size: Int, to graph: any BucketGraph) throws {
        let arrays = [
            ("items", entries.items), ("phrases", entries.phrases), ("numbers", entries.numbers), ("missing", entries.missing),
        ]
        for (name, matrix) in arrays {
            let values = matrix.values[rows.lowerBound * matrix.columns..<rows.upperBound * matrix.columns]
            let padding = [Float](repeating: 0, count: (size - rows.count) * matrix.columns)
            try graph.write(name, [Array(values), padding])
        }
    }
}

/// The places of two calls as those of one.
private func joined(_ first: NewPlaces, _ second: NewPlaces, _ shape: ModelShape) -> NewPlaces {
    func byHead(_ left: [[Float]], _ right: [[Float]]) -> [[Float]] {
        zip(left, right).map { left, right in
            (0..<shape.heads).flatMap { head in part(left, head, shape.heads) + part(right, head, shape.heads) }
        }
    }
    func rows(_ left: Matrix, _ right: Matrix) -> Matrix {
        Matrix(rows: left.rows + right.rows, columns: left.columns, values: left.values + right.values)
    }
    return NewPlaces(
        keys: byHead(first.keys, second.keys), values: byHead(first.values, second.values),
        matchKeys: rows(first.matchKeys, second.matchKeys), gates: rows(first.gates, second.gates),
        said: rows(first.said, second.said), factors: rows(first.factors, second.factors))
}

private func part(_ values: [Float], _ index: Int, _ count: Int) -> ArraySlice<Float> {
    values[values.count / count * index..<values.count / count * (index + 1)]
}
