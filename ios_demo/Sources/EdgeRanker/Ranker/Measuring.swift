private let timings = 3
private let tokenSizes = [16, 64, 256]
private let counts = [1, 16, 64]

/// Times an engine on this device (PLAN.md, section 3): the least of several timings, arrays of 0.
func measuredCosts(_ engine: any Engine) throws -> Costs {
    let shape = engine.shape
    let positions = shape.positions
    var chunk: [Double] = []
    var encode: [Double] = []
    for tokens in tokenSizes {
        let segment = [Int32](repeating: 0, count: min(tokens, positions))
        let segments = Array(repeating: segment, count: max(tokens / positions, 1))
        let shallow = try leastMs { _ = try engine.summarise(segments, depth: 0) }
        let deep = try leastMs { _ = try engine.summarise(segments, depth: 1) }
        chunk.append(shallow)
        encode.append(max(deep - shallow, 0))
    }
    let empty = Timeline(shape)
    let append = try counts.map { count in
        let entries = zeros(min(count, shape.places), shape)
        return try leastMs { _ = try engine.append(entries, profile: true, to: empty) }
    }
    var full = empty
    let new = try engine.append(zeros(shape.places, shape), profile: true, to: empty)
    full.append(new, profile: true, liked: Array(repeating: 0, count: shape.places))
    let score = try (0...shape.interactLayers).map { depth in
        let milliseconds = try counts.map { count in
            try leastMs { _ = try engine.score(zeros(count, shape), full, depth: depth) }
        }
        return Curve(sizes: counts, milliseconds: milliseconds)
    }
    return Costs(
        chunk: Curve(sizes: tokenSizes, milliseconds: chunk), encode: Curve(sizes: tokenSizes, milliseconds: encode),
        append: Curve(sizes: counts, milliseconds: append), score: score)
}

private func zeros(_ count: Int, _ shape: ModelShape) -> Entries {
    let rows = Array(repeating: [Float](repeating: 0, count: shape.hidden), count: count)
    let numbers = Array(repeating: [Float](repeating: 0, count: shape.numbers), count: count)
    return Entries(items: rows, phrases: rows, numbers: numbers, shape)
}

private func leastMs(_ action: () throws -> Void) rethrows -> Double {
    var least = Double.infinity
    for _ in 0..<timings {
        let started = nowMs()
        try action()
        least = min(least, nowMs() - started)
    }
    return least
}
