import EdgeRanker

/// The attention of the interact layers, from new rows to a timeline's places and to new rows (ENGINE.md, "The
/// timeline").
struct Interaction {
    private let shape: ModelShape
    private let width: Int
    private let distance: [Float]  // (L, A, D)
    private let buckets: [Int]  // of the distance between two entries

    init(_ weights: Parameters, _ shape: ModelShape) throws {
        self.shape = shape
        width = shape.hidden / shape.heads
        distance = shape.interactLayers > 0 ? try weights.floats("distance") : []
        buckets = (0..<2 * shape.places).map { bucket($0, shape.distances) }
    }

    /// (row, H) before the output projection. A row attends to the timeline and to itself; with `growing`, also to the
    /// new rows before it. The new rows that it attends to count as following the timeline.
    func attended(_ own: Projected, _ timeline: Timeline, _ depth: Int, growing: Bool) -> Matrix {
        let (entries, hidden) = (timeline.entries, shape.hidden)
        var result = Matrix(rows: own.all.rows, columns: hidden)
        let shares = UnsafeMutablePointer<Float>.allocate(capacity: entries + own.all.rows)
        defer { shares.deallocate() }
        result.values.withUnsafeMutableBufferPointer { target in
            guard let target = target.baseAddress else { return }
            for row in 0..<own.all.rows {
                for head in 0..<shape.heads {
                    let place = Place(row: row, head: head, depth: depth, first: growing ? 0 : row, before: growing ? row : 0)
                    attend(place, own, timeline, shares, target + row * hidden + head * width)
                }
            }
        }
        return result
    }

    /// A row at a head: `first` is the first new row that it sees, and as many as `before` stand between it and the
    /// timeline.
    private struct Place {
        let row: Int
        let head: Int
        let depth: Int
        let first: Int
        let before: Int
    }

    private func attend(
        _ place: Place, _ own: Projected, _ timeline: Timeline, _ shares: UnsafeMutablePointer<Float>,
        _ target: UnsafeMutablePointer<Float>
    ) {
        let entries = timeline.entries
        let begin = place.head * width
        let of = place.head * shape.places * width  // (A, E, H / A)
        let bias = (place.depth * shape.heads + place.head) * shape.distances
        let count = entries + place.row - place.first + 1
        own.all.values.withUnsafeBufferPointer { all in
            timeline.keys[place.depth].withUnsafeBufferPointer { keys in
                let query = all.baseAddress! + own.queries(place.row, begin)
                for entry in 0..<entries {
                    let near = distance[bias + buckets[entries + place.before - entry]]
                    shares[entry] = dot(query, keys.baseAddress! + of + entry * width, width) + near
                }
                for other in place.first...place.row {
                    let near = distance[bias + buckets[place.row - other]]
                    shares[entries + other - place.first] = dot(query, all.baseAddress! + own.keys(other, begin), width) + near
                }
            }
            softmax(shares, count)
            timeline.values[place.depth].withUnsafeBufferPointer { values in
                for entry in 0..<entries { blend(target, values.baseAddress! + of + entry * width, width, shares[entry]) }
                for other in place.first...place.row {
                    let share = shares[entries + other - place.first]
                    blend(target, all.baseAddress! + own.values(other, begin), width, share)
                }
            }
        }
    }
}
