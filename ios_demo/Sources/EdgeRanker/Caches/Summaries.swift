/// The summaries of segments, from the cache or computed by an engine in chunks (PLAN.md, section 2).
struct Summaries {
    var cache: SummaryCache

    /// What is not kept of the segments, each once, in chunks.
    func missing(_ segments: [[Int32]], _ depth: Int, _ engine: any Engine) -> [[[Int32]]] {
        var seen = Set<SummaryKey>()
        let missing = segments.filter { segment in
            let key = SummaryKey(depth: depth, tokens: segment)
            return !cache.has(key) && seen.insert(key).inserted
        }
        return cut(missing, engine)
    }

    /// A summary of each segment. `pause` runs before each chunk, and may end the request by what it throws.
    mutating func take(
        _ segments: [[Int32]], _ depth: Int, _ engine: any Engine, _ pause: () throws -> Void
    ) throws -> [[Float]] {
        var found: [[Int32]: [Float]] = [:]
        var seen = Set<[Int32]>()
        var missing: [[Int32]] = []
        for segment in segments {
            if let kept = cache.read(SummaryKey(depth: depth, tokens: segment)) {
                found[segment] = kept
            } else if seen.insert(segment).inserted {
                missing.append(segment)
            }
        }
        for chunk in cut(missing, engine) {
            try pause()
            for (segment, summary) in zip(chunk, try engine.summarise(chunk, depth: depth)) {
                found[segment] = cache.write(SummaryKey(depth: depth, tokens: segment), summary)
            }
        }
        return segments.map { found[$0] ?? [] }
    }

    private func cut(_ segments: [[Int32]], _ engine: any Engine) -> [[[Int32]]] {
        chunks(
            segments, positions: engine.shape.positions, mostTokens: engine.chunkTokens, mostSegments: engine.chunkSegments)
    }
}

/// The sizes that an engine computes for chunks.
func paddedSizes(_ chunks: [[[Int32]]], _ engine: any Engine) -> [Int] {
    chunks.map { chunk in engine.paddedTokens(chunk.reduce(0) { $0 + tokenCount($1, engine.shape.positions) }) }
}
