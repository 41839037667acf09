package edge.caches

/** Divides segments, in their order, into chunks of at most so many tokens and segments (PLAN.md, section 2). */
internal fun chunksOf(segments: List<IntArray>, positions: Int, mostTokens: Int, mostSegments: Int): List<List<IntArray>> {
    val chunks = ArrayList<List<IntArray>>()
    var chunk = ArrayList<IntArray>()
    var tokens = 0
    for (segment in segments) {
        val size = tokensOf(segment, positions)
        if (chunk.isNotEmpty() && (tokens + size > mostTokens || chunk.size == mostSegments)) {
            chunks.add(chunk)
            chunk = ArrayList()
            tokens = 0
        }
        chunk.add(segment)
        tokens += size
    }
    if (chunk.isNotEmpty()) chunks.add(chunk)
    return chunks
}

/** How many tokens a segment counts as in a chunk. */
internal fun tokensOf(segment: IntArray, positions: Int): Int = segment.size.coerceIn(1, positions)
