import EdgeRanker

/// x W^T + b, in integers where the weights are.
struct Linear {
    private enum Weight {
        case floats([Float])
        case integers(NonZeros, scales: [Float])  // a scale for each output
    }

    private let weight: Weight
    private let bias: [Float]
    private let inputs: Int
    private var outputs: Int { bias.count }

    /// Without a `bias` nothing is added. Errors: a matrix of integers with too many inputs.
    init(_ name: String, _ weight: Tensor, scales: [Float], bias: [Float]?) throws {
        let (outputs, inputs) = (weight.rows, weight.columns)
        self.weight =
            switch weight.values {
            case .floats(let floats): .floats(floats)
            case .integers(let integers):
                .integers(try NonZeros(name, integers, outputs: outputs, inputs: inputs), scales: scales)
            }
        self.bias = bias ?? Array(repeating: 0, count: outputs)
        self.inputs = inputs
    }

    /// (row, inputs) -> (row, outputs).
    func callAsFunction(_ input: Matrix) -> Matrix {
        var result = Matrix(rows: input.rows, columns: outputs)
        switch weight {
        case .floats(let floats): multiply(input, floats, &result.values)
        case .integers(let integers, let scales): multiply(input, integers, scales, &result.values)
        }
        return result
    }

    private func multiply(_ input: Matrix, _ weight: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>) {
        input.values.withUnsafeBufferPointer { values in
            guard let values = values.baseAddress else { return }
            for output in 0..<outputs {
                for row in 0..<input.rows {
                    let product = dot(values + row * inputs, weight + output * inputs, inputs)
                    result[row * outputs + output] = product + bias[output]
                }
            }
        }
    }

    /// Eight rows, a tile, at once, so that the integers are read once for each tile. The levels of a column are adjacent in
    /// a tile. Zeros fill up the last one.
    private func multiply(
        _ input: Matrix, _ integers: NonZeros, _ scales: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>
    ) {
        let levels = UnsafeMutablePointer<Float>.allocate(capacity: (tileRows + 1) * inputs)
        defer { levels.deallocate() }
        let tile = levels + inputs
        var steps = SIMD8<Float>()
        for begin in stride(from: 0, to: input.rows, by: tileRows) {
            let rows = begin..<min(begin + tileRows, input.rows)
            if rows.count < tileRows { tile.update(repeating: 0, count: tileRows * inputs) }
            input.values.withUnsafeBufferPointer { values in
                guard let values = values.baseAddress else { return }
                for row in rows {
                    steps[row - begin] = quantise(values + row * inputs, inputs, into: levels)
                    for column in 0..<inputs { tile[column * tileRows + row - begin] = levels[column] }
                }
            }
            integers.multiply(tile) { output, sums in
                let products = sums * steps * scales[output] + bias[output]
                for row in rows { result[row * outputs + output] = products[row - begin] }
            }
        }
    }
}
