import EdgeRanker

/// A model's parameters by name: float32, or int8 with a `.scale` for each row.
struct Parameters {
    private let weights: PackedWeights

    init(_ weights: PackedWeights) { self.weights = weights }

    func has(_ name: String) -> Bool { weights.tensor(name) != nil }

    func floats(_ name: String) throws -> [Float] {
        guard let floats = try tensor(name).floats else { throw EdgeError("the weights of \(name) are integers") }
        return floats
    }

    /// A row of a table.
    func row(_ name: String, _ index: Int) throws -> ArraySlice<Float> {
        let table = try tensor(name + ".weight")
        if index >= table.rows { throw EdgeError("the table \(name) has \(table.rows) rows, and no row \(index)") }
        let range = index * table.columns..<(index + 1) * table.columns
        switch table.values {
        case .floats(let floats): return floats[range]
        case .integers(let integers):
            let scale = try floats(name + ".scale")[index]
            return integers[range].map { Float($0) * scale }[...]
        }
    }

    func norm(_ name: String, _ inputs: Matrix) throws -> Matrix {
        try EdgeReference.norm(inputs, floats(name + ".weight"), floats(name + ".bias"))
    }

    /// (row, inputs) -> (row, outputs): x W^T + b, in integers where the weights are.
    func linear(_ name: String, _ inputs: Matrix) throws -> Matrix {
        let weight = try tensor(name + ".weight")
        let bias = try floats(name + ".bias")
        var result: Matrix
        switch weight.values {
        case .floats(let floats): result = product(inputs, floats, weight.rows)
        case .integers(let integers):
            result = product(inputs, integers, scales: try floats(name + ".scale"))
        }
        for row in 0..<result.rows { result.add(bias[...], toRow: row) }
        return result
    }

    /// x W^T, in float.
    func product(_ name: String, _ inputs: Matrix) throws -> Matrix {
        product(inputs, try floats(name + ".weight"), try tensor(name + ".weight").rows)
    }

    private func product(_ inputs: Matrix, _ weight: [Float], _ outputs: Int) -> Matrix {
        var result = Matrix(rows: inputs.rows, columns: outputs)
        for row in 0..<inputs.rows {
            for output in 0..<outputs {
                let begin = row * inputs.columns
                result[row, output] = dot(inputs.values, begin, weight, output * inputs.columns, inputs.columns)
            }
        }
        return result
    }

    private func product(_ inputs: Matrix, _ weight: [Int8], scales: [Float]) -> Matrix {
        let width = inputs.columns
        var result = Matrix(rows: inputs.rows, columns: scales.count)
        for row in 0..<inputs.rows {
            let (levels, step) = levels(inputs[row])
            levels.withUnsafeBufferPointer { levels in
                weight.withUnsafeBufferPointer { weight in
                    for output in 0..<scales.count {
                        var sum: Int32 = 0
                        let begin = output * width
                        for index in 0..<width { sum &+= levels[index] &* Int32(weight[begin + index]) }
                        result[row, output] = Float(sum) * step * scales[output]
                    }
                }
            }
        }
        return result
    }

    private func tensor(_ name: String) throws -> Tensor {
        guard let tensor = weights.tensor(name) else { throw EdgeError("the weights have no \(name)") }
        return tensor
    }
}
