import EdgeRanker

/// Each row centred, divided by its deviation, scaled and shifted.
struct Norm {
    let weight: [Float]
    let bias: [Float]

    func callAsFunction(_ input: Matrix) -> Matrix {
        var result = input
        let columns = input.columns
        result.values.withUnsafeMutableBufferPointer { values in
            for row in 0..<input.rows {
                let begin = row * columns
                var mean = 0.0
                for index in begin..<begin + columns { mean += Double(values[index]) }
                mean /= Double(columns)
                var variance = 0.0
                for index in begin..<begin + columns {
                    variance += (Double(values[index]) - mean) * (Double(values[index]) - mean)
                }
                let deviation = (variance / Double(columns) + 1e-5).squareRoot()
                for column in 0..<columns {
                    let centred = Float((Double(values[begin + column]) - mean) / deviation)
                    values[begin + column] = centred * weight[column] + bias[column]
                }
            }
        }
        return result
    }
}
