/// A tensor of the model, row-major.
package struct Tensor: Sendable {
    package enum Values: Sendable {
        case integers([Int8])  // of (rows, columns)
        case floats([Float])
    }

    let name: ByteText
    package let shape: [Int]
    package let values: Values

    package var count: Int { shape.reduce(1, *) }

    /// Rows and columns of a matrix; a vector is one row.
    package var columns: Int { shape[shape.count - 1] }
    package var rows: Int { count / columns }

    package var floats: [Float]? {
        if case .floats(let floats) = values { return floats }
        return nil
    }

    package var integers: [Int8]? {
        if case .integers(let integers) = values { return integers }
        return nil
    }
}
