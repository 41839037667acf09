private let masked: Float = -1e4

/// Segments one after another in arrays of a bucket's size (ENGINE.md, "Chunks of segments").
package struct Chunk {
    private let segments: [[Int32]]

    package init(_ segments: [[Int32]], positions: Int) {
        self.segments = segments.map { $0.isEmpty ? [1] : Array($0.prefix(positions)) }
    }

    package var tokens: Int { segments.reduce(0) { $0 + $1.count } }

    /// (size): padding is token 0.
    package func ids(_ size: Int) -> [Int32] { padded(segments.flatMap { $0 }, size, 0) }

    /// (size): counted from 0 in each segment.
    package func positions(_ size: Int) -> [Int32] { padded(segments.flatMap { $0.indices.map { Int32($0) } }, size, 0) }

    /// (size, size), additive: each segment by itself, and padding as one segment.
    package func mask(_ size: Int) -> [Float] {
        let owners = padded(segments.enumerated().flatMap { index, ids in ids.map { _ in index } }, size, -1)
        return owners.flatMap { row in owners.map { $0 == row ? 0 : masked } }
    }

    /// (rows, size): the mean over each segment's tokens.
    package func weights(_ rows: Int, _ size: Int) -> [Float] {
        var weights = [Float](repeating: 0, count: rows * size)
        var begin = 0
        for (row, ids) in segments.enumerated() {
            for place in begin..<begin + ids.count { weights[row * size + place] = 1 / Float(ids.count) }
            begin += ids.count
        }
        return weights
    }

    private func padded<Number>(_ values: [Number], _ size: Int, _ padding: Number) -> [Number] {
        values + Array(repeating: padding, count: size - values.count)
    }
}
