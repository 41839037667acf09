let usualTimings = 3
private let tokenCounts = [16, 64, 256]
private let counts = [1, 16, 64]

/// Measures the costs of an engine on this device (PLAN.md, section 3): for each call the least of several timings, on
/// arrays of 0, at the sizes to which the engine pads.
func measuredCosts(_ engine: any Engine, timings: Int = usualTimings) throws -> Costs {
    let shape = engine.shape
    let sizes = ascending(tokenCounts.map { engine.paddedTokens(min($0, engine.chunkTokens)) })
    var chunk: [Double] = []
    var encode: [Double] = []
    for size in sizes {
        let segments = segments(size, engine)
        let shallow = try leastMs(timings) { _ = try engine.summarise(segments, depth: 0) }
        let deep = try leastMs(timings) { _ = try engine.summarise(segments, depth: 1) }
        chunk.append(shallow)
        encode.append(max(deep - shallow, 0))
    }
    let entries = ascending(counts.map { min($0, shape.places) })
    let empty = Timeline(shape)
    let append = try entries.map { count in
        try leastMs(timings) { _ = try engine.append(zeros(count, shape), profile: true, to: empty) }
    }
    var full = empty
    let new = try engine.append(zeros(shape.places, shape), profile: true, to: empty)
    full.append(new, profile: true, liked: Array(repeating: 0, count: shape.places))
    return Costs(
        chunk: Curve(sizes: sizes, milliseconds: chunk), encode: Curve(sizes: sizes, milliseconds: encode),
        append: Curve(sizes: entries, milliseconds: append),
        score: try (0...shape.interactLayers).map { try scoringCosts(engine, full, depth: $0, timings) })
}

private func scoringCosts(
    _ engine: any Engine, _ timeline: Timeline, depth: Int, _ timings: Int
) throws -> Curve {
    let sizes = ascending(counts.map { engine.paddedCandidates($0, depth: depth) })
    let milliseconds = try sizes.map { count in
        try leastMs(timings) { _ = try engine.score(zeros(count, engine.shape), timeline, depth: depth) }
    }
    return Curve(sizes: sizes, milliseconds: milliseconds)
}

private func ascending(_ sizes: [Int]) -> [Int] { Set(sizes).sorted() }

/// Segments that have so many tokens together, or as many segments as the engine takes.
private func segments(_ tokens: Int, _ engine: any Engine) -> [[Int32]] {
    var segments: [[Int32]] = []
    var left = tokens
    while left > 0 && segments.count < engine.chunkSegments {
        segments.append(Array(repeating: 0, count: min(left, engine.shape.positions)))
        left -= min(left, engine.shape.positions)
    }
    return segments
}

private func zeros(_ count: Int, _ shape: ModelShape) -> Entries {
    let rows = Matrix(rows: count, columns: shape.hidden)
    return Entries(items: rows, phrases: rows, numbers: Matrix(rows: count, columns: shape.numbers))
}

private func leastMs(_ timings: Int, _ action: () throws -> Void) rethrows -> Double {
    var least = Double.infinity
    for _ in 0..<timings {
        let started = nowMs()
        try action()
        least = min(least, nowMs() - started)
    }
    return least
}
