import EdgeRanker

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

let nearZero: Float = 1e-12

/// Each row divided by its length.
func unit(_ matrix: Matrix) -> Matrix {
    var result = matrix
    for row in 0..<matrix.rows {
        let begin = row * matrix.columns
        var square = 0.0
        for index in begin..<begin + matrix.columns { square += Double(matrix.values[index]) * Double(matrix.values[index]) }
        let length = max(Float(square.squareRoot()), nearZero)
        for index in begin..<begin + matrix.columns { result.values[index] /= length }
    }
    return result
}

/// Softmax, in place.
func softmax(_ numbers: UnsafeMutablePointer<Float>, _ count: Int) {
    var greatest = -Float.infinity
    for index in 0..<count { greatest = max(greatest, numbers[index]) }
    var sum: Float = 0
    for index in 0..<count {
        numbers[index] = exp(numbers[index] - greatest)
        sum += numbers[index]
    }
    for index in 0..<count { numbers[index] /= sum }
}

func logSigmoid(_ x: Float) -> Float { Float(Double(min(x, 0)) - log1p(exp(-Double(abs(x))))) }

extension Matrix {
    /// Applies the function to each value, in place.
    mutating func apply(_ function: (Float) -> Float) {
        for index in values.indices { values[index] = function(values[index]) }
    }

    func applying(_ function: (Float) -> Float) -> Matrix {
        var result = self
        result.apply(function)
        return result
    }

    /// Adds another matrix of the same size.
    mutating func add(_ other: Matrix) {
        for index in values.indices { values[index] += other.values[index] }
    }
}
