import EdgeRanker

/// Queries, divided by the root of a head's width, keys and values: H columns each, heads side by side.
struct Projected {
    let all: Matrix  // (row, 3 H)
    private var hidden: Int { all.columns / 3 }

    fileprivate init(_ all: Matrix, scale: Float) {
        var scaled = all
        let hidden = all.columns / 3
        for row in 0..<all.rows {
            for index in row * all.columns..<row * all.columns + hidden { scaled.values[index] *= scale }
        }
        self.all = scaled
    }

    /// Where a head's part of a row's keys, or of its values, begins.
    func keys(_ row: Int, _ begin: Int) -> Int { row * all.columns + hidden + begin }

    func values(_ row: Int, _ begin: Int) -> Int { row * all.columns + 2 * hidden + begin }

    func queries(_ row: Int, _ begin: Int) -> Int { row * all.columns + begin }

    /// (A, n, H / A) of the keys or of the values.
    func byHead(_ heads: Int, keys isKeys: Bool) -> [Float] {
        let width = hidden / heads
        return [Float](unsafeUninitializedCapacity: all.rows * hidden) { result, count in
            for head in 0..<heads {
                for row in 0..<all.rows {
                    let from = isKeys ? keys(row, head * width) : values(row, head * width)
                    for index in 0..<width { result[(head * all.rows + row) * width + index] = all.values[from + index] }
                }
            }
            count = all.rows * hidden
        }
    }
}

/// The one layer of the model, which is applied at every depth of both stages.
struct Layer {
    private let shape: ModelShape
    private let width: Int
    private let attentionNorm: Norm
    private let attentionIn: Linear
    private let attentionOut: Linear
    private let feedForwardNorm: Norm
    private let feedForwardIn: Linear
    private let feedForwardOut: Linear

    init(_ weights: Parameters, _ shape: ModelShape) throws {
        self.shape = shape
        width = shape.hidden / shape.heads
        attentionNorm = try weights.norm("layers.0.attention_norm")
        attentionIn = try weights.linear("layers.0.attention_in")
        attentionOut = try weights.linear("layers.0.attention_out")
        feedForwardNorm = try weights.norm("layers.0.feed_forward_norm")
        feedForwardIn = try weights.linear("layers.0.feed_forward_in")
        feedForwardOut = try weights.linear("layers.0.feed_forward_out")
    }

    func projected(_ hidden: Matrix) -> Projected {
        Projected(attentionIn(attentionNorm(hidden)), scale: Float(1 / Double(width).squareRoot()))
    }

    /// Residual, output projection and feed-forward; `attended` has the heads side by side.
    func finish(_ hidden: Matrix, _ attended: Matrix) -> Matrix {
        var middle = attentionOut(attended)
        middle.add(hidden)
        var inner = feedForwardIn(feedForwardNorm(middle))
        gelu(&inner.values, inner.values.count)
        var result = feedForwardOut(inner)
        result.add(middle)
        return result
    }

    /// One application to segments, each of which is a range of rows and attends to itself alone.
    func encode(_ hidden: Matrix, _ segments: [Range<Int>]) -> Matrix {
        let projected = projected(hidden)
        var attended = Matrix(rows: hidden.rows, columns: shape.hidden)
        let shares = UnsafeMutablePointer<Float>.allocate(capacity: segments.map(\.count).max() ?? 0)
        defer { shares.deallocate() }
        attended.values.withUnsafeMutableBufferPointer { target in
            projected.all.values.withUnsafeBufferPointer { all in
                guard let all = all.baseAddress, let target = target.baseAddress else { return }
                for segment in segments {
                    for row in segment {
                        for begin in stride(from: 0, to: shape.hidden, by: width) {
                            let query = all + projected.queries(row, begin)
                            for (index, other) in segment.enumerated() {
                                shares[index] = dot(query, all + projected.keys(other, begin), width)
                            }
                            softmax(shares, segment.count)
                            for (index, other) in segment.enumerated() {
                                let values = all + projected.values(other, begin)
                                blend(target + row * shape.hidden + begin, values, width, shares[index])
                            }
                        }
                    }
                }
            }
        }
        return finish(hidden, attended)
    }
}
