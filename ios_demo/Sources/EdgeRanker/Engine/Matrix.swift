/// Numbers in rows, float32, row-major.
package struct Matrix: Sendable {
    package private(set) var rows: Int
    package let columns: Int
    package var values: [Float]

    package init(rows: Int, columns: Int) {
        self.init(rows: rows, columns: columns, values: Array(repeating: 0, count: rows * columns))
    }

    package init(rows: Int, columns: Int, values: [Float]) {
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    package init(_ rows: [[Float]], columns: Int) {
        self.init(rows: rows.count, columns: columns, values: Array(rows.joined()))
    }

    @inlinable
    package subscript(row: Int, column: Int) -> Float {
        get { values[row * columns + column] }
        set { values[row * columns + column] = newValue }
    }

    @inlinable
    package subscript(row: Int) -> ArraySlice<Float> { values[row * columns..<(row + 1) * columns] }

    /// Adds a row to a row of this one.
    package mutating func add(_ other: ArraySlice<Float>, toRow row: Int) {
        let begin = row * columns
        other.withUnsafeBufferPointer { other in
            for column in 0..<columns { values[begin + column] += other[column] }
        }
    }

    func first(_ count: Int) -> Matrix { Matrix(rows: count, columns: columns, values: Array(values[..<(count * columns)])) }

    func last(_ count: Int) -> Matrix {
        Matrix(rows: count, columns: columns, values: Array(values[(values.count - count * columns)...]))
    }

    /// Adds another one's rows behind the last.
    mutating func append(_ other: Matrix) {
        values.append(contentsOf: other.values)
        rows += other.rows
    }

    /// Copies a row into a row of this one.
    mutating func set(_ other: ArraySlice<Float>, row: Int) {
        for (index, value) in zip(row * columns..<(row + 1) * columns, other) { values[index] = value }
    }
}
