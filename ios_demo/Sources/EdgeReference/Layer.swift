import EdgeRanker

/// Queries, divided by the root of a head's width, keys and values: H columns each, heads side by side.
struct Projected {
    let queries: Matrix
    let keys: Matrix
    let values: Matrix
}

/// The one layer of the model, which is applied at every depth of both stages.
struct Layer {
    private static let name = "layers.0"
    private let weights: Parameters
    private let shape: ModelShape
    private let width: Int

    init(_ weights: Parameters, _ shape: ModelShape) {
        self.weights = weights
        self.shape = shape
        width = shape.hidden / shape.heads
    }

    func projected(_ hidden: Matrix) throws -> Projected {
        let normed = try weights.norm(Self.name + ".attention_norm", hidden)
        let all = try weights.linear(Self.name + ".attention_in", normed)
        let scale = Float(1 / Double(width).squareRoot())
        return Projected(
            queries: map(part(all, 0)) { $0 * scale }, keys: part(all, 1), values: part(all, 2))
    }

    private func part(_ all: Matrix, _ index: Int) -> Matrix {
        Matrix((0..<all.rows).map { Array(all[$0].dropFirst(index * shape.hidden).prefix(shape.hidden)) }, columns: shape.hidden)
    }

    /// Residual, output projection and feed-forward; `attended` has the heads side by side.
    func finish(_ hidden: Matrix, _ attended: Matrix) throws -> Matrix {
        let middle = sum(try weights.linear(Self.name + ".attention_out", attended), hidden)
        let normed = try weights.norm(Self.name + ".feed_forward_norm", middle)
        let inner = map(try weights.linear(Self.name + ".feed_forward_in", normed), gelu)
        return sum(try weights.linear(Self.name + ".feed_forward_out", inner), middle)
    }

    private func sum(_ left: Matrix, _ right: Matrix) -> Matrix {
        Matrix(rows: left.rows, columns: left.columns, values: zip(left.values, right.values).map { $0 + $1 })
    }

    /// One application to a segment by itself.
    func encode(_ hidden: Matrix) throws -> Matrix {
        let projected = try projected(hidden)
        var attended = Matrix(rows: hidden.rows, columns: shape.hidden)
        for head in 0..<shape.heads {
            let begin = head * width
            for row in 0..<hidden.rows {
                let from = row * shape.hidden + begin
                let logits = (0..<hidden.rows).map { other in
                    dot(projected.queries.values, from, projected.keys.values, other * shape.hidden + begin, width)
                }
                for (other, share) in softmax(logits).enumerated() {
                    blend(&attended.values, from, projected.values.values, other * shape.hidden + begin, share)
                }
            }
        }
        return try finish(hidden, attended)
    }

    /// Adds a share of a head's value.
    func blend(_ target: inout [Float], _ at: Int, _ values: [Float], _ from: Int, _ share: Float) {
        target.withUnsafeMutableBufferPointer { target in
            values.withUnsafeBufferPointer { values in
                for index in 0..<width { target[at + index] += share * values[from + index] }
            }
        }
    }
}
