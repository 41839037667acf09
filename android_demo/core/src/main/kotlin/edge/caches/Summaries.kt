package edge.caches

import edge.engine.Engine

/** The summaries of segments, from the cache or computed by the engine in chunks (PLAN.md, section 2). */
internal class Summaries(private val engine: Engine, private val cache: SummaryCache) {
    private val positions = engine.shape.positions

    /** What is not kept of the segments, each once, in chunks. */
    fun missing(segments: List<IntArray>, depth: Int): List<List<IntArray>> {
        val missing = LinkedHashSet<SummaryKey>()
        for (segment in segments) SummaryKey(depth, segment).let { if (it !in cache) missing.add(it) }
        return chunksOf(missing.map { it.tokens }, positions, engine.chunkTokens, engine.chunkSegments)
    }

    /** The sizes that the engine computes for chunks. */
    fun sizesOf(chunks: List<List<IntArray>>): List<Int> =
        chunks.map { chunk -> engine.paddedTokens(chunk.sumOf { tokensOf(it, positions) }) }

    /** A summary of each segment. [pause] runs before each chunk, and may end the request by what it throws. */
    fun take(segments: List<IntArray>, depth: Int, pause: () -> Unit): List<FloatArray> {
        val found = HashMap<SummaryKey, FloatArray>()
        val missing = LinkedHashSet<SummaryKey>()
        val keys = segments.map { SummaryKey(depth, it) }
        for (key in keys) {
            val kept = cache.read(key)
            if (kept == null) missing.add(key) else found[key] = kept
        }
        for (chunk in chunksOf(missing.map { it.tokens }, positions, engine.chunkTokens, engine.chunkSegments)) {
            pause()
            val computed = engine.summarise(chunk, depth)
            for ((index, tokens) in chunk.withIndex()) {
                val key = SummaryKey(depth, tokens)
                found[key] = cache.write(key, computed[index])
            }
        }
        return keys.map { found.getValue(it) }
    }
}
