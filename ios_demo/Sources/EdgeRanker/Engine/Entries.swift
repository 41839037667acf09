/// New entries or candidates: summaries (n, H), numbers and which of them are missing (n, N).
package struct Entries: Sendable {
    package let items: Matrix
    package let phrases: Matrix
    package let numbers: Matrix
    package let missing: Matrix

    package var count: Int { items.rows }

    /// Numbers that are NaN are missing.
    package init(items: Matrix, phrases: Matrix, numbers: Matrix) {
        self.items = items
        self.phrases = phrases
        self.numbers = Matrix(
            rows: numbers.rows, columns: numbers.columns, values: numbers.values.map { $0.isNaN ? 0 : $0 })
        missing = Matrix(rows: numbers.rows, columns: numbers.columns, values: numbers.values.map { $0.isNaN ? 1 : 0 })
    }
}
