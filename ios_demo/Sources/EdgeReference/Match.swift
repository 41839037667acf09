import EdgeRanker

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// How candidates compare with the events of a timeline (ENGINE.md, "Match").
struct Match {
    private let shape: ModelShape
    private let ofCandidate: Linear
    private let ofEvent: Linear
    private let gate: Linear
    private let value: Linear
    private let sharpness: [Float]

    init(_ weights: Parameters, _ shape: ModelShape) throws {
        self.shape = shape
        ofCandidate = try weights.product("match.of_candidate")
        ofEvent = try weights.product("match.of_event")
        gate = try weights.linear("match.gate")
        value = try weights.linear("match.value")
        sharpness = try weights.floats("match.sharpness").map { exp($0) }
    }

    /// What is kept of events.
    func keys(_ items: Matrix) -> Matrix { unit(ofEvent(items)) }

    func gates(_ phrases: Matrix) -> Matrix { gate(phrases).applying(logSigmoid) }

    func said(_ phrases: Matrix) -> Matrix { value(phrases).applying { tanh($0) } }

    /// (candidate, 3 W + 1): best of each match head, weighted of each, mean of each, 1 without events.
    func features(_ items: Matrix, _ timeline: Timeline) -> Matrix {
        var result = Matrix(rows: items.rows, columns: 3 * shape.matchHeads + 1)
        let places = timeline.places
        if places.isEmpty {
            for row in 0..<items.rows { result[row, 3 * shape.matchHeads] = 1 }
            return result
        }
        let vectors = unit(ofCandidate(items))
        var compared = Compared(places.count)
        for head in 0..<shape.matchHeads {
            compared.begin(places, head, timeline)
            for row in 0..<items.rows {
                for (index, place) in places.enumerated() {
                    compared.cosines[index] = cosine(vectors, row, timeline.matchKeys, place)
                }
                let (best, weighted, mean) = compared.features(sharpness[head])
                result[row, head] = best
                result[row, shape.matchHeads + head] = weighted
                result[row, 2 * shape.matchHeads + head] = mean
            }
        }
        return result
    }

    private func cosine(_ vectors: Matrix, _ row: Int, _ keys: Matrix, _ place: Int) -> Float {
        vectors.values.withUnsafeBufferPointer { vectors in
            keys.values.withUnsafeBufferPointer { keys in
                dot(vectors.baseAddress! + row * shape.matchSize, keys.baseAddress! + place * shape.matchSize, shape.matchSize)
            }
        }
    }
}

/// What the events say at one match head, and how near a candidate is to each.
private struct Compared {
    var cosines: [Float]
    private var gates: [Float]
    private var said: [Float]
    private var shares: [Float]  // of the gates alone
    private var powers: [Float]

    init(_ count: Int) {
        cosines = Array(repeating: 0, count: count)
        gates = cosines
        said = cosines
        shares = cosines
        powers = cosines
    }

    mutating func begin(_ places: [Int], _ head: Int, _ timeline: Timeline) {
        for (index, place) in places.enumerated() {
            gates[index] = timeline.gates[place, head]
            said[index] = timeline.said[place, head]
            shares[index] = gates[index]
        }
        softmax(&shares, places.count)
    }

    mutating func features(_ sharpness: Float) -> (best: Float, weighted: Float, mean: Float) {
        var greatest = -Float.infinity
        for index in cosines.indices {
            powers[index] = cosines[index] * sharpness + gates[index]
            greatest = max(greatest, powers[index])
        }
        var (sum, weighted, mean): (Float, Float, Float) = (0, 0, 0)
        for index in cosines.indices {
            let power = exp(powers[index] - greatest)
            sum += power
            weighted += power * said[index]
            mean += shares[index] * cosines[index] * said[index]
        }
        return ((log(sum) + greatest) / sharpness, weighted / sum, mean)
    }
}

extension Timeline {
    /// Those that hold an event.
    var places: [Int] { (0..<entries).filter { events[$0] > 0 } }
}
