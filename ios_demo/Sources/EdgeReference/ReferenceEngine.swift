import EdgeRanker

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

private enum Kind: Int { case profile, event, candidate }

/// The arithmetic of ENGINE.md in Swift alone: it needs no library, and reads a bundle's weights.
package final class ReferenceEngine: Engine {
    package let name = "reference"
    package let shape: ModelShape
    package let chunkTokens = 256
    package let chunkSegments = 64
    private let weights: Parameters
    private let layer: Layer
    private let match: Match
    private let width: Int
    private let distance: [Float]  // (L, A, D)

    package init(_ weights: PackedWeights, _ shape: ModelShape) throws {
        self.shape = shape
        self.weights = Parameters(weights)
        layer = Layer(self.weights, shape)
        match = Match(self.weights, shape)
        width = shape.hidden / shape.heads
        distance = shape.interactLayers > 0 ? try self.weights.floats("distance") : []
    }

    package func paddedTokens(_ tokens: Int) -> Int { tokens }

    package func paddedCandidates(_ count: Int, depth: Int) -> Int { count }

    /// A segment attends to itself alone, so each is computed alone.
    package func summarise(_ segments: [[Int32]], depth: Int) throws -> [[Float]] {
        try segments.map { ids in
            var hidden = try embed(ids.isEmpty ? [1] : Array(ids.prefix(shape.positions)))
            for _ in 0..<depth { hidden = try layer.encode(hidden) }
            var mean = Matrix(rows: 1, columns: shape.hidden)
            for row in 0..<hidden.rows { mean.add(hidden[row], toRow: 0) }
            return try weights.norm("summary_norm", map(mean) { $0 * (1 / Float(hidden.rows)) }).values
        }
    }

    private func embed(_ ids: [Int32]) throws -> Matrix {
        let rows = try ids.enumerated().map { position, id in
            zip(try weights.row("token", Int(id)), try weights.row("position", position)).map { $0 + $1 }
        }
        let narrow = try weights.norm("embedding_norm", Matrix(rows, columns: rows[0].count))
        return weights.has("widen.weight") ? try weights.linear("widen", narrow) : narrow
    }

    package func append(_ entries: Entries, profile: Bool, to timeline: Timeline) throws -> NewPlaces {
        var flags = Matrix(rows: entries.count, columns: 2)
        for row in 0..<entries.count { flags[row, 1] = 1 }
        let small = try small(inputs(entries, flags))
        var hidden = entries.items
        for row in 0..<entries.count {
            let isProfile = profile && row == 0
            if !isProfile {
                hidden.add(entries.phrases[row], toRow: row)
                hidden.add(small[row], toRow: row)
            }
            hidden.add(try kind(isProfile ? .profile : .event), toRow: row)
        }
        let kept = try layers(hidden, entries.count, timeline)
        return NewPlaces(
            keys: kept.map { byHead($0.keys) }, values: kept.map { byHead($0.values) },
            matchKeys: unit(try weights.product("match.of_event", entries.items)),
            gates: map(try weights.linear("match.gate", entries.phrases), logSigmoid),
            said: map(try weights.linear("match.value", entries.phrases)) { tanh($0) },
            factors: try match.factors(entries.items))
    }

    /// What the interact layers project of new entries. Nothing attends to the states after the last of them.
    private func layers(_ entering: Matrix, _ count: Int, _ timeline: Timeline) throws -> [Projected] {
        let (places, entries) = (shape.places, timeline.entries)
        let apart = apartOfNew(places: places, distances: shape.distances, entries: entries, new: count)
        var hidden = entering
        var kept: [Projected] = []
        for depth in 0..<shape.interactLayers {
            let projected = try layer.projected(hidden)
            kept.append(projected)
            if depth + 1 < shape.interactLayers { hidden = try attend(hidden, projected, timeline, depth, apart) }
        }
        return kept
    }

    package func score(_ candidates: Entries, _ timeline: Timeline, depth: Int) throws -> [Float] {
        let numbers = inputs(candidates, try match.likeness(candidates.items, timeline))
        let matched = try weights.linear("matched", match.features(candidates.items, timeline))
        let wide = try weights.linear("wide", numbers)
        let deep = try weights.linear("deep.3", map(weights.linear("deep.0", numbers), gelu))
        var hidden = try small(numbers)
        for row in 0..<candidates.count {
            hidden.add(candidates.items[row], toRow: row)
            hidden.add(candidates.phrases[row], toRow: row)
            hidden.add(try kind(.candidate), toRow: row)
        }
        let ofAll = apart(places: shape.places, distances: shape.distances, entries: timeline.entries)
        // The places after those of the timeline are the candidates: each attends to itself alone, at bucket 0.
        let ofEach = (0..<candidates.count).map { row in
            ofAll + (0..<candidates.count).map { $0 == row ? 0 : shape.distances }
        }
        for interact in 0..<depth {
            hidden = try attend(hidden, layer.projected(hidden), timeline, interact, ofEach)
        }
        let head = try weights.linear("head", weights.norm("head_norm", hidden))
        return (0..<candidates.count).map { head[$0, 0] + (matched[$0, 0] + wide[$0, 0] + deep[$0, 0]) }
    }

    /// One interact layer; `apart` has the buckets of each row to the timeline's places, then to the rows.
    private func attend(
        _ hidden: Matrix, _ own: Projected, _ timeline: Timeline, _ depth: Int, _ apart: [[Int]]
    ) throws -> Matrix {
        var attended = Matrix(rows: hidden.rows, columns: shape.hidden)
        for row in 0..<hidden.rows {
            let columns = apart[row].indices.filter { apart[row][$0] < shape.distances }
            for head in 0..<shape.heads {
                let from = row * shape.hidden + head * width
                let bias = (depth * shape.heads + head) * shape.distances
                let logits = columns.map { column in
                    let keys = column < shape.places ? timeline.keys[depth] : own.keys.values
                    return dot(own.queries.values, from, keys, at(column, head), width) + distance[bias + apart[row][column]]
                }
                for (column, share) in zip(columns, softmax(logits)) {
                    let values = column < shape.places ? timeline.values[depth] : own.values.values
                    layer.blend(&attended.values, from, values, at(column, head), share)
                }
            }
        }
        return try layer.finish(hidden, attended)
    }

    /// Where a head's part of a column begins: (A, E, H / A) in the timeline, (n, H) of new rows.
    private func at(_ column: Int, _ head: Int) -> Int {
        if column < shape.places { return (head * shape.places + column) * width }
        return (column - shape.places) * shape.hidden + head * width
    }

    private func byHead(_ matrix: Matrix) -> [Float] {
        (0..<shape.heads).flatMap { head in
            (0..<matrix.rows).flatMap { matrix[$0].dropFirst(head * width).prefix(width) }
        }
    }

    /// (row, input): numbers, number, missing, flag; without number and flag if there are no factors.
    private func inputs(_ entries: Entries, _ likeness: Matrix) -> Matrix {
        let hasFactors = shape.factors > 0
        let rows = (0..<entries.count).map { row in
            Array(entries.numbers[row]) + (hasFactors ? [likeness[row, 0]] : []) + entries.missing[row]
                + (hasFactors ? [likeness[row, 1]] : [])
        }
        return Matrix(rows, columns: 2 * (shape.numbers + (hasFactors ? 1 : 0)))
    }

    private func small(_ numbers: Matrix) throws -> Matrix {
        try weights.linear("numbers.2", map(weights.linear("numbers.0", numbers), gelu))
    }

    private func kind(_ kind: Kind) throws -> ArraySlice<Float> { try weights.row("kind", kind.rawValue) }
}
