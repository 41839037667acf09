/// New entries or candidates: summaries (n, H), numbers and which of them are missing (n, N).
package struct Entries: Sendable {
    package let items: Matrix
    package let phrases: Matrix
    package let numbers: Matrix
    package let missing: Matrix

    package var count: Int { items.rows }

    /// Numbers that are NaN are missing.
    package init(items: [[Float]], phrases: [[Float]], numbers: [[Float]], _ shape: ModelShape) {
        self.items = Matrix(items, columns: shape.hidden)
        self.phrases = Matrix(phrases, columns: shape.hidden)
        self.numbers = Matrix(numbers.map { $0.map { $0.isNaN ? 0 : $0 } }, columns: shape.numbers)
        missing = Matrix(numbers.map { $0.map { $0.isNaN ? 1 : 0 } }, columns: shape.numbers)
    }
}
