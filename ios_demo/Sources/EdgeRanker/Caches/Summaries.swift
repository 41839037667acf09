/// The summaries of segments, from the cache or computed by an engine in chunks (PLAN.md, section 2).
struct Summaries {
    var cache: SummaryCache

    /// The segments whose summaries are not kept, each once, in chunks.
    func missing(_ segments: [[Int32]], _ depth: Int, _ engine: any Engine) -> [[[Int32]]] {
        var seen = Set<SummaryKey>()
        let missing = segments.filter { segment in
            let key = SummaryKey(depth: depth, tokens: segment)
            return !cache.has(key) && seen.insert(key).inserted
        }
        return cut(missing, engine)
    }

    /// A row with the summary of each segment. `pause` runs before each chunk; if it throws, the request ends.
    mutating func take(
        _ segments: [[Int32]], _ depth: Int, _ engine: any Engine, _ pause: () throws -> Void
    ) throws -> Matrix {
        var summaries = Matrix(rows: segments.count, columns: engine.shape.hidden)
        var rows: [[Int32]: [Int]] = [:]  // of what is missing
        var missing: [[Int32]] = []
        for (row, segment) in segments.enumerated() {
            if cache.read(SummaryKey(depth: depth, tokens: segment), into: &summaries, row: row) { continue }
            if rows[segment] == nil { missing.append(segment) }
            rows[segment, default: []].append(row)
        }
        for chunk in cut(missing, engine) {
            try pause()
            for (segment, summary) in zip(chunk, try engine.summarise(chunk, depth: depth)) {
                let kept = cache.write(SummaryKey(depth: depth, tokens: segment), summary)
                for row in rows[segment] ?? [] { summaries.set(kept[...], row: row) }
            }
        }
        return summaries
    }

    private func cut(_ segments: [[Int32]], _ engine: any Engine) -> [[[Int32]]] {
        chunks(
            segments, positions: engine.shape.positions, mostTokens: engine.chunkTokens, mostSegments: engine.chunkSegments)
    }
}

/// The number of tokens to which an engine pads each chunk.
func paddedSizes(_ chunks: [[[Int32]]], _ engine: any Engine) -> [Int] {
    chunks.map { chunk in engine.paddedTokens(chunk.reduce(0) { $0 + tokenCount($1, engine.shape.positions) }) }
}
