/// Divides segments, in their order, into chunks of at most so many tokens and segments (PLAN.md, section 2).
func chunks(_ segments: [[Int32]], positions: Int, mostTokens: Int, mostSegments: Int) -> [[[Int32]]] {
    var chunks: [[[Int32]]] = []
    var tokens = 0
    for segment in segments {
        let size = tokenCount(segment, positions)
        if let chunk = chunks.last, tokens + size <= mostTokens, chunk.count < mostSegments {
            chunks[chunks.count - 1].append(segment)
            tokens += size
        } else {
            chunks.append([segment])
            tokens = size
        }
    }
    return chunks
}

/// How many tokens a segment counts as in a chunk.
func tokenCount(_ segment: [Int32], _ positions: Int) -> Int { min(max(segment.count, 1), positions) }
