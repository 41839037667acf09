import EdgeRanker

/// Rows that are looked up, with a scale for each where they are integers.
struct Table {
    private let name: String
    private let tensor: Tensor
    private let scales: [Float]
    var columns: Int { tensor.columns }

    init(_ name: String, _ tensor: Tensor, scales: [Float]) {
        self.name = name
        self.tensor = tensor
        self.scales = scales
    }

    /// Adds a row to a row of a matrix. Errors: there is no such row.
    func add(_ index: Int, to matrix: inout Matrix, row: Int) throws {
        if index >= tensor.rows { throw EdgeError("the table \(name) has \(tensor.rows) rows, and no row \(index)") }
        let (from, begin) = (index * columns, row * columns)
        switch tensor.values {
        case .floats(let floats):
            for column in 0..<columns { matrix.values[begin + column] += floats[from + column] }
        case .integers(let integers):
            let scale = scales[index]
            for column in 0..<columns { matrix.values[begin + column] += Float(integers[from + column]) * scale }
        }
    }
}
