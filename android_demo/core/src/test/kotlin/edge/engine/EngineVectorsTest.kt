package edge.engine

import edge.doubles
import edge.ints
import edge.kind
import edge.vectorsOf
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

class EngineVectorsTest {
    private val vectors = vectorsOf("edge/engines/vectors.jsonl")

    @Test
    fun `every distance has its bucket`() {
        for (vector in vectors.kind("bucket")) {
            val distances = number(vector, "distances")
            assertEquals(ints(vector["expected"]), ints(vector["of"]).map { bucketOf(it, distances) }, "$vector")
        }
    }

    @Test
    fun `every timeline has its buckets`() {
        for (vector in vectors.kind("apart")) {
            val places = number(vector, "places")
            val distances = number(vector, "distances")
            val entries = number(vector, "entries")
            val new = vector["new"] as Number?
            val found = if (new == null) {
                listOf(apart(places, distances, entries).toList())
            } else {
                apartOfNew(places, distances, entries, new.toInt()).map { it.toList() }
            }
            assertEquals((vector["expected"] as List<*>).map(::ints), found, "$vector")
        }
    }

    @Test
    fun `every row has its levels and its step`() {
        for (vector in vectors.kind("levels")) {
            val row = doubles(vector["row"]).map { it.toFloat() }.toFloatArray()
            val levels = IntArray(row.size)
            val step = levelsOf(row, 0, row.size, levels)
            assertEquals(ints(vector["levels"]), levels.toList(), "$vector")
            assertEquals((vector["step"] as Number).toFloat(), step, "$vector")
        }
    }

    @Test
    fun `gelu is within four ten-millionths`() {
        for (vector in vectors.kind("gelu")) {
            for ((x, expected) in doubles(vector["of"]).zip(doubles(vector["expected"]))) {
                val difference = Math.abs(gelu(x.toFloat()) - expected)
                assertTrue(difference <= 4e-7 * maxOf(1.0, Math.abs(expected)), "gelu($x) is off by $difference")
            }
        }
    }

    private fun number(vector: Map<String, Any?>, key: String) = (vector[key] as Number).toInt()
}
