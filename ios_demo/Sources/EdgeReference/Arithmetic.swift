import EdgeRanker

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

private let nearZero: Float = 1e-12

/// ln(erfc(z) / t) + z * z as a polynomial of t = 1 / (1 + z / 2), lowest power first; see edge/engines/arithmetic.py.
private let erfc: [Double] = [
    -1.265578042, 1.001818217, 0.353201478, 0.232924512, -0.736143749, 1.720586749, -3.630209627, 4.314971755,
    -2.836915837, 0.990257856, -0.14491331,
]

/// x times the share of a normal distribution below x.
func gelu(_ x: Float) -> Float {
    let z = min(Double(abs(x)) * 0.5.squareRoot(), 30)
    let t = 1 / (1 + 0.5 * z)
    var exponent = 0.0
    for index in stride(from: erfc.count - 1, through: 0, by: -1) { exponent = exponent * t + erfc[index] }
    let tail = 0.5 * t * exp(exponent - z * z)
    return Float(Double(x) * (x < 0 ? tail : 1 - tail))
}

/// The levels of a row less its zero, and the step between them (ENGINE.md, "Integers").
func levels(_ row: ArraySlice<Float>) -> (levels: [Int32], step: Float) {
    let low = min(row.min() ?? 0, 0)
    let high = max(row.max() ?? 0, 0)
    let step = max((high - low) / 255, nearZero)
    let zero = min(max((-128 - low / step).rounded(.toNearestOrEven), -128), 127)
    let inverse = 1 / step
    let levels = row.map { value in
        Int32(min(max((value * inverse).rounded(.toNearestOrEven) + zero, -128), 127) - zero)
    }
    return (levels, step)
}

/// Each row centred, divided by its deviation, scaled and shifted.
func norm(_ inputs: Matrix, _ weight: [Float], _ bias: [Float]) -> Matrix {
    var result = inputs
    let count = Double(inputs.columns)
    for row in 0..<inputs.rows {
        var mean = 0.0
        for value in inputs[row] { mean += Double(value) }
        mean /= count
        var variance = 0.0
        for value in inputs[row] { variance += (Double(value) - mean) * (Double(value) - mean) }
        let deviation = (variance / count + 1e-5).squareRoot()
        for column in 0..<inputs.columns {
            let centred = Float((Double(inputs[row, column]) - mean) / deviation)
            result[row, column] = centred * weight[column] + bias[column]
        }
    }
    return result
}

/// Each row divided by its length.
func unit(_ matrix: Matrix) -> Matrix {
    var result = matrix
    for row in 0..<matrix.rows {
        let square = matrix[row].reduce(0.0) { $0 + Double($1) * Double($1) }
        let length = max(Float(square.squareRoot()), nearZero)
        for column in 0..<matrix.columns { result[row, column] /= length }
    }
    return result
}

/// Numbers that sum to 1.
func softmax(_ logits: [Float]) -> [Float] {
    let greatest = logits.max() ?? 0
    let powers = logits.map { exp($0 - greatest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
}

func logSigmoid(_ x: Float) -> Float { Float(Double(min(x, 0)) - log1p(exp(-Double(abs(x))))) }

/// Of two rows in longer arrays.
func dot(_ left: [Float], _ leftBegin: Int, _ right: [Float], _ rightBegin: Int, _ count: Int) -> Float {
    left.withUnsafeBufferPointer { left in
        right.withUnsafeBufferPointer { right in
            var sum: Float = 0
            for index in 0..<count { sum += left[leftBegin + index] * right[rightBegin + index] }
            return sum
        }
    }
}

/// The function on each value.
func map(_ matrix: Matrix, _ function: (Float) -> Float) -> Matrix {
    Matrix(rows: matrix.rows, columns: matrix.columns, values: matrix.values.map(function))
}
