package edge.android.measure

import kotlin.test.Test
import kotlin.test.assertEquals

class PercentilesTest {
    @Test
    fun `percentiles are values that were measured, with the ends that Python finds`() {
        val found = percentilesOf((1..60).map { it.toDouble() }.reversed())
        assertEquals(listOf(60, 30.0, 54.0, 60.0), listOf("count", "p50", "p90", "p99").map { found[it] })
        // edge.bench.percentiles.interval(range(1, 61), share)
        assertEquals(listOf<Double?>(22.0, 39.0), found["p50_interval"])
        assertEquals(listOf<Double?>(49.0, 59.0), found["p90_interval"])
        assertEquals(listOf(58.0, null), found["p99_interval"])
    }
}
