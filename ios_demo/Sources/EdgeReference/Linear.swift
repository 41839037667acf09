import EdgeRanker

/// x W^T + b, in integers where the weights are.
struct Linear {
    private let weight: Tensor.Values
    private let scales: [Float]  // of integers, one for each output
    private let bias: [Float]
    private let inputs: Int
    private var outputs: Int { bias.count }

    /// Without a `bias` nothing is added.
    init(_ weight: Tensor, scales: [Float], bias: [Float]?) {
        self.weight = weight.values
        self.scales = scales
        self.bias = bias ?? Array(repeating: 0, count: weight.rows)
        inputs = weight.columns
    }

    /// (row, inputs) -> (row, outputs).
    func callAsFunction(_ input: Matrix) -> Matrix {
        var result = Matrix(rows: input.rows, columns: outputs)
        switch weight {
        case .floats(let floats): multiply(input, floats, &result.values)
        case .integers(let integers): multiply(input, integers, &result.values)
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

    /// Four rows at once, so that the integers are read a quarter as often; zeros fill up the last four.
    private func multiply(_ input: Matrix, _ weight: UnsafePointer<Int8>, _ result: UnsafeMutablePointer<Float>) {
        let rows = input.rows
        let levels = UnsafeMutablePointer<Float>.allocate(capacity: (rows + 3) * inputs)
        let steps = UnsafeMutablePointer<Float>.allocate(capacity: rows)
        defer {
            levels.deallocate()
            steps.deallocate()
        }
        levels.initialize(repeating: 0, count: (rows + 3) * inputs)
        input.values.withUnsafeBufferPointer { values in
            guard let values = values.baseAddress else { return }
            for row in 0..<rows { steps[row] = quantise(values + row * inputs, inputs, into: levels + row * inputs) }
        }
        for output in 0..<outputs {
            let (scale, added) = (scales[output], bias[output])
            for begin in stride(from: 0, to: rows, by: 4) {
                let sums = dots(levels + begin * inputs, weight + output * inputs, inputs)
                for row in begin..<min(begin + 4, rows) {
                    result[row * outputs + output] = Float(sums[row - begin]) * steps[row] * scale + added
                }
            }
        }
    }
}
