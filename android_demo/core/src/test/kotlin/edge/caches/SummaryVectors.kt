package edge.caches

import edge.bundle.ModelShape
import edge.engine.Engine
import edge.engine.Entries
import edge.engine.Matrix
import edge.engine.NewPlaces
import edge.engine.Timeline
import edge.ints
import edge.objectOf
import kotlin.test.assertEquals

/** Does what a vector of PLAN.md, section 8, says of summaries, and compares. */
internal fun checkSummaries(vector: Map<String, Any?>) {
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
        val found = Matrix(segments.size, engine.shape.hidden)
        summaries.take(segments, depth, found) {}
        val expectedValues = segments.flatMap { engine.summary(it, depth).asList() }
        assertEquals(expectedValues, found.values.asList())
        assertEquals(expected["chunks"].toString(), engine.chunks.toString())
        assertEquals((expected["bytes"] as Number).toLong(), cache.bytes)
        assertEquals(expected["kept"].toString(), cache.entries().map { (key, _) -> listOf(key.depth, key.tokens.toList()) }.toString())
    }
}

private fun number(values: Map<String, Any?>, key: String) = (values[key] as Number).toInt()

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
