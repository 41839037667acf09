package edge.caches

import edge.engine.Engine
import edge.engine.Matrix

/** The summaries of segments, from the cache or computed by the engine in chunks (PLAN.md, section 2). */
internal class Summaries(private val engine: Engine, private val cache: SummaryCache) {
    private val positions = engine.shape.positions

    /** The segments whose summaries are not kept, each once, in chunks. */
    fun missing(segments: List<IntArray>, depth: Int): List<List<IntArray>> {
        val missing = LinkedHashSet<SummaryKey>()
        for (index in segments.indices) SummaryKey(depth, segments[index]).let { if (it !in cache) missing.add(it) }
        return chunksOf(missing.map { it.tokens }, positions, engine.chunkTokens, engine.chunkSegments)
    }

    /** The number of tokens to which the engine pads each chunk. */
    fun sizesOf(chunks: List<List<IntArray>>): List<Int> =
        chunks.map { chunk -> engine.paddedTokens(chunk.sumOf { tokensOf(it, positions) }) }

    /**
     * Writes the summary of each segment to a row of [target]. [pause] runs before each chunk; if it throws, the
     * request ends.
     */
    fun take(segments: List<IntArray>, depth: Int, target: Matrix, pause: () -> Unit) {
        val missing = LinkedHashMap<SummaryKey, ArrayList<Int>>()
        for (row in segments.indices) {
            val key = SummaryKey(depth, segments[row])
            if (!cache.read(key, target, row)) missing.getOrPut(key) { ArrayList() }.add(row)
        }
        for (chunk in chunksOf(missing.keys.map { it.tokens }, positions, engine.chunkTokens, engine.chunkSegments)) {
            pause()
            val computed = engine.summarise(chunk, depth)
            for (index in chunk.indices) {
                val key = SummaryKey(depth, chunk[index])
                cache.write(key, computed[index])
                for (row in missing.getValue(key)) target.setRow(row, computed[index])
            }
        }
    }
}
