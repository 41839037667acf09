package edge.caches

import edge.bundle.ModelShape
import edge.engine.Engine
import edge.engine.Entries
import edge.engine.NewPlaces
import edge.engine.Timeline
import edge.ints
import edge.kind
import edge.objectOf
import edge.vectorsOf
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertTrue

class SummaryVectorsTest {
    @Test
    fun `every request encodes and keeps what it must`() {
        for (vector in vectorsOf("edge/runtime/lru.jsonl").kind("summaries")) {
            val engine = CountingEngine(
                number(vector, "hidden"), number(vector, "positions"), number(vector, "chunk_tokens"),
                number(vector, "chunk_segments"),
            )
            val cache = SummaryCache(engine.shape.hidden, (vector["budget_bytes"] as Number).toLong())
            val summaries = Summaries(engine, cache)
            for ((request, expectation) in (vector["requests"] as List<*>).zip(vector["expected"] as List<*>)) {
                val expected = objectOf(expectation)
                val segments = (objectOf(request)["segments"] as List<*>).map { ints(it).toIntArray() }
                val depth = number(objectOf(request), "depth")
                engine.chunks.clear()
                assertEquals(expected["missing"].toString(), summaries.missing(segments, depth).flatten().map { it.toList() }.toString())
                val found = summaries.take(segments, depth) {}
                for ((segment, summary) in segments.zip(found)) assertContentEquals(engine.summary(segment, depth), summary)
                assertEquals(expected["chunks"].toString(), engine.chunks.toString())
                assertEquals((expected["bytes"] as Number).toLong(), cache.bytes)
                assertEquals(expected["kept"].toString(), cache.keys().map { listOf(it.depth, it.tokens.toList()) }.toString())
            }
        }
    }

    @Test
    fun `trimming leaves the latest used within its bytes`() {
        val cache = SummaryCache(4, 1_000)
        for (token in 0 until 10) cache.write(SummaryKey(1, intArrayOf(token)), FloatArray(4))
        cache.read(SummaryKey(1, intArrayOf(0)))
        cache.trim(40)
        assertEquals(32L, cache.bytes)
        assertEquals(listOf(9, 0), cache.keys().map { it.tokens[0] })
        cache.clear()
        assertTrue(cache.keys().isEmpty() && cache.bytes == 0L)
    }

    private fun number(values: Map<String, Any?>, key: String) = (values[key] as Number).toInt()
}

/** Notes the chunks that it is given; a summary is made of whole numbers, which float16 holds. */
private class CountingEngine(hidden: Int, positions: Int, override val chunkTokens: Int, override val chunkSegments: Int) : Engine {
    override val name = "counting"
    override val shape = ModelShape(hidden, 1, listOf(1), 0, positions, 2, 0, 2, 1, 1, 0, 10, "liked")
    val chunks = ArrayList<List<Int>>()

    fun summary(segment: IntArray, depth: Int) = FloatArray(shape.hidden) { (segment.sum() + depth + it).toFloat() }

    override fun paddedTokens(tokens: Int) = tokens

    override fun paddedCandidates(count: Int, depth: Int) = count

    override fun summarise(segments: List<IntArray>, depth: Int): List<FloatArray> {
        chunks.add(listOf(segments.size, segments.sumOf { tokensOf(it, shape.positions) }))
        return segments.map { summary(it, depth) }
    }

    override fun append(entries: Entries, profile: Boolean, timeline: Timeline): NewPlaces = throw UnsupportedOperationException()

    override fun score(candidates: Entries, timeline: Timeline, depth: Int): FloatArray = throw UnsupportedOperationException()

    override fun close() = Unit
}
