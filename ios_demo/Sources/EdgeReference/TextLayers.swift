import EdgeRanker

/// From the token ids of segments to their summaries.
struct TextLayers {
    private let layer: Layer
    private let shape: ModelShape
    private let tokens: Table
    private let positions: Table
    private let embeddingNorm: Norm
    private let widen: Linear?
    private let summaryNorm: Norm

    init(_ weights: Parameters, _ layer: Layer, _ shape: ModelShape) throws {
        self.layer = layer
        self.shape = shape
        tokens = try weights.table("token")
        positions = try weights.table("position")
        embeddingNorm = try weights.norm("embedding_norm")
        widen = weights.has("widen.weight") ? try weights.linear("widen") : nil
        summaryNorm = try weights.norm("summary_norm")
    }

    /// (H) of each segment, which attends to itself alone.
    func summaries(_ segments: [[Int32]], _ depth: Int) throws -> [[Float]] {
        let ids = segments.map { $0.isEmpty ? [1] : $0.prefix(shape.positions) }
        var ranges: [Range<Int>] = []
        for segment in ids {
            let begin = ranges.last?.upperBound ?? 0
            ranges.append(begin..<begin + segment.count)
        }
        var hidden = try embedded(ids, ranges)
        for _ in 0..<depth { hidden = layer.encode(hidden, ranges) }
        var means = Matrix(rows: segments.count, columns: shape.hidden)
        for (row, range) in ranges.enumerated() {
            for token in range { means.add(hidden[token], toRow: row) }
            let share = 1 / Float(range.count)
            for column in 0..<shape.hidden { means[row, column] *= share }
        }
        let summaries = summaryNorm(means)
        return segments.indices.map { Array(summaries[$0]) }
    }

    private func embedded(_ ids: [ArraySlice<Int32>], _ ranges: [Range<Int>]) throws -> Matrix {
        var rows = Matrix(rows: ranges.last?.upperBound ?? 0, columns: tokens.columns)
        for (segment, range) in zip(ids, ranges) {
            for (position, id) in segment.enumerated() {
                try tokens.add(Int(id), to: &rows, row: range.lowerBound + position)
                try positions.add(position, to: &rows, row: range.lowerBound + position)
            }
        }
        let narrow = embeddingNorm(rows)
        return widen?(narrow) ?? narrow
    }
}
