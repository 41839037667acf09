import EdgeRanker

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// How candidates compare with the events of a timeline (ENGINE.md, "Match" and "Number and flag").
struct Match {
    private let weights: Parameters
    private let shape: ModelShape

    init(_ weights: Parameters, _ shape: ModelShape) {
        self.weights = weights
        self.shape = shape
    }

    /// (candidate, 3 W + 1): best of each match head, weighted of each, mean of each, 1 without events.
    func features(_ items: Matrix, _ timeline: Timeline) throws -> Matrix {
        var result = Matrix(rows: items.rows, columns: 3 * shape.matchHeads + 1)
        let places = timeline.places
        if places.isEmpty {
            for row in 0..<items.rows { result[row, 3 * shape.matchHeads] = 1 }
            return result
        }
        let vectors = unit(try weights.product("match.of_candidate", items))
        let sharpness = try weights.floats("match.sharpness")
        for head in 0..<shape.matchHeads {
            let gates = places.map { timeline.gates[$0, head] }
            let said = places.map { timeline.said[$0, head] }
            for row in 0..<items.rows {
                let cosines = places.map { place in
                    let (from, to) = (row * shape.matchSize, place * shape.matchSize)
                    return dot(vectors.values, from, timeline.matchKeys.values, to, shape.matchSize)
                }
                let (best, weighted, mean) = features(cosines, gates, said, exp(sharpness[head]))
                result[row, head] = best
                result[row, shape.matchHeads + head] = weighted
                result[row, 2 * shape.matchHeads + head] = mean
            }
        }
        return result
    }

    private func features(
        _ cosines: [Float], _ gates: [Float], _ said: [Float], _ sharp: Float
    ) -> (best: Float, weighted: Float, mean: Float) {
        let logits = zip(cosines, gates).map { $0 * sharp + $1 }
        let greatest = logits.max() ?? 0
        let powers = logits.map { exp($0 - greatest) }
        let sum = powers.reduce(0, +)
        let weighted = zip(powers, said).reduce(0) { $0 + $1.0 * $1.1 } / sum
        let shares = softmax(gates)
        let mean = shares.indices.reduce(Float(0)) { $0 + shares[$1] * cosines[$1] * said[$1] }
        return ((log(sum) + greatest) / sharp, weighted, mean)
    }

    func factors(_ items: Matrix) throws -> Matrix {
        shape.factors == 0 ? Matrix(rows: items.rows, columns: 0) : try weights.linear("likeness.factors", items)
    }

    /// (candidate, 2): the number and its flag; 0 and 1 without factors or events.
    func likeness(_ items: Matrix, _ timeline: Timeline) throws -> Matrix {
        var result = Matrix(rows: items.rows, columns: 2)
        let places = timeline.places
        if shape.factors == 0 || places.isEmpty {
            for row in 0..<items.rows { result[row, 1] = 1 }
            return result
        }
        let overall = try scalar("overall")
        let above = places.reduce(Float(0)) { $0 + (timeline.liked[$1] - overall) }
        let level = overall + above / (Float(places.count) + 5)
        let (unit, mean, spread) = (try scalar("unit"), try scalar("mean"), try scalar("spread"))
        let factors = try factors(items)
        for row in 0..<items.rows {
            var number: Float = 0
            var total: Float = 0.3
            for place in places {
                let (from, to) = (row * shape.factors, place * shape.factors)
                let product = dot(factors.values, from, timeline.factors.values, to, shape.factors)
                let likeness = product * unit * unit
                number += likeness * (timeline.liked[place] - level)
                total += abs(likeness)
            }
            result[row, 0] = min(max((number / total - mean) / spread, -4), 4)
        }
        return result
    }

    private func scalar(_ name: String) throws -> Float { try weights.floats("likeness." + name)[0] }
}

extension Timeline {
    /// Those that hold an event.
    fileprivate var places: [Int] { (0..<entries).filter { events[$0] > 0 } }
}
