package edge.caches

import edge.engine.Matrix
import edge.kind
import edge.vectorsOf
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

class SummaryVectorsTest {
    @Test
    fun `every request encodes and keeps what it must`() {
        vectorsOf("edge/runtime/lru.jsonl").kind("summaries").forEach(::checkSummaries)
    }

    @Test
    fun `trimming leaves the latest used within its bytes`() {
        val cache = SummaryCache(4, 1_000)
        for (token in 0 until 10) cache.write(SummaryKey(1, intArrayOf(token)), FloatArray(4))
        cache.read(SummaryKey(1, intArrayOf(0)), Matrix(1, 4), 0)
        cache.trim(40)
        assertEquals(32L, cache.bytes)
        assertEquals(listOf(9, 0), cache.entries().map { (key, _) -> key.tokens[0] })
        cache.clear()
        assertTrue(cache.entries().isEmpty() && cache.bytes == 0L)
    }
}
