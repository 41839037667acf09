package edge.caches

import edge.EdgeError
import edge.bundle.ModelShape
import edge.hex
import edge.ints
import edge.json.JsonError
import edge.json.decodeUtf8
import edge.objectOf
import edge.refusal
import edge.vectorsOf
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** Replays the texts of summaries that every runtime must accept or refuse (BUNDLE.md, section 9). */
class SentSummariesTest {
    private val vectors = vectorsOf("edge/bundle/receive.jsonl")

    @Test
    fun `every text to accept is kept as the vectors say`() {
        val accepted = vectors.filter { it["verdict"] == "accept" }
        assertTrue(accepted.size >= 15)
        for (vector in accepted) {
            val kind = vector["kind"].toString()
            val expected = objectOf(vector["expected"])
            val cache = SummaryCache(shapeOf(vector).hidden, (vector["budget_bytes"] as Long?) ?: 1_000_000)
            val sent = received(vector)
            for ((key, halves) in sent) cache.keep(key, halves)
            assertEquals((expected["received"] as Long).toInt(), sent.size, kind)
            val kept = cache.entries().map { (key, halves) ->
                listOf(key.depth, key.tokens.toList(), halves.map { it.toInt() and 0xFFFF })
            }
            assertEquals(expected["kept"].toString(), kept.toString(), kind)
        }
    }

    @Test
    fun `every text to refuse is refused with its fix`() {
        val refused = vectors.filter { it["verdict"] == "refuse" }
        assertTrue(refused.size >= 50)
        for (vector in refused) {
            val kind = vector["kind"].toString()
            assertTrue("fix: " in refusal(kind) { received(vector) }, kind)
        }
    }

    @Test
    fun `without packed weights every text is refused`() {
        val vector = vectors.first { it["kind"] == "no weights" }
        refusal("no weights on both sides") { sentSummaries(vector["text"] as String, "", shapeOf(vector), 17) }
    }

    /** Bytes are decoded before, as an app does it. */
    private fun received(vector: Map<String, Any?>): List<Pair<SummaryKey, ShortArray>> {
        val text = vector["text"] as String? ?: try {
            decodeUtf8(hex(vector["bytes"] as String))
        } catch (error: JsonError) {
            throw EdgeError(error.message.orEmpty(), fix = "encode them as UTF-8")
        }
        val model = objectOf(vector["model"])
        return sentSummaries(text, model["weights"] as String, shapeOf(vector), (model["vocabulary"] as Long).toInt())
    }

    private fun shapeOf(vector: Map<String, Any?>): ModelShape {
        val model = objectOf(vector["model"])
        val (hidden, positions, vocabulary) = listOf("hidden", "positions", "vocabulary").map { (model[it] as Long).toInt() }
        return ModelShape(hidden, 1, ints(model["encode_depths"]), 0, positions, 2, 0, 2, 1, 1, 0, vocabulary, "liked")
    }
}
