import EdgeRanker

/// How alike candidates are to what the user liked, by factors of the items (ENGINE.md, "Number and flag").
struct Likeness {
    private let count: Int
    private let linear: Linear?
    private let overall: Float
    private let scale: Float
    private let mean: Float
    private let spread: Float

    init(_ weights: Parameters, _ shape: ModelShape) throws {
        func scalar(_ name: String) throws -> Float { shape.factors == 0 ? 0 : try weights.floats("likeness." + name)[0] }
        count = shape.factors
        linear = shape.factors == 0 ? nil : try weights.linear("likeness.factors")
        overall = try scalar("overall")
        scale = try scalar("unit")
        mean = try scalar("mean")
        spread = try scalar("spread")
    }

    func factors(_ items: Matrix) -> Matrix { linear?(items) ?? Matrix(rows: items.rows, columns: 0) }

    /// (candidate, 2): the number and its flag; 0 and 1 without factors or events.
    func of(_ items: Matrix, _ timeline: Timeline) -> Matrix {
        var result = Matrix(rows: items.rows, columns: 2)
        let places = timeline.places
        if count == 0 || places.isEmpty {
            for row in 0..<items.rows { result[row, 1] = 1 }
            return result
        }
        let above = places.reduce(Float(0)) { $0 + (timeline.liked[$1] - overall) }
        let level = overall + above / (Float(places.count) + 5)
        let factors = factors(items)
        for row in 0..<items.rows {
            var number: Float = 0
            var total: Float = 0.3
            for place in places {
                let likeness = product(factors, row, timeline.factors, place) * scale * scale
                number += likeness * (timeline.liked[place] - level)
                total += abs(likeness)
            }
            result[row, 0] = min(max((number / total - mean) / spread, -4), 4)
        }
        return result
    }

    private func product(_ left: Matrix, _ row: Int, _ right: Matrix, _ place: Int) -> Float {
        left.values.withUnsafeBufferPointer { left in
            right.values.withUnsafeBufferPointer { right in
                dot(left.baseAddress! + row * count, right.baseAddress! + place * count, count)
            }
        }
    }
}
