package edge.ranker

import edge.caches.SummaryCache
import edge.caches.SummaryFile
import edge.refusal
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Base64
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

class ReceiveTest {
    private val directory = File.createTempFile("edge", "").also { it.delete() }
    private val items = (0 until 4).map(::itemOf)

    @AfterTest
    fun remove() {
        directory.deleteRecursively()
    }

    /** What `edge encode` would write: the summaries that another ranker prepared. */
    private val text: String by lazy {
        tinyRanker(Options(directory = directory)).use { ranker ->
            val shape = ranker.model.engine.shape
            ranker.prepare(items)
            val cache = SummaryCache(shape.hidden, 1_000_000)
            SummaryFile(directory, ranker.model.weights, shape.hidden, shape.positions).load(cache)
            val head = """{"schema": "edge-ranker/summaries/1", "weights": "${ranker.model.weights}", "hidden": ${shape.hidden}}"""
            head + cache.entries().joinToString("") { (key, halves) ->
                val bytes = ByteBuffer.allocate(2 * halves.size).order(ByteOrder.LITTLE_ENDIAN)
                for (half in halves) bytes.putShort(half)
                val coded = Base64.getEncoder().encodeToString(bytes.array())
                """${"\n"}{"id": "1", "tokens": ${key.tokens.toList()}, "summaries": {"${key.depth}": "$coded"}}"""
            }
        }
    }

    @Test
    fun `items with summaries from a server are ranked without being encoded, with the same scores`() {
        val expected = tinyRanker().use { it.rank(it.user(PROFILE), items).scores }
        tinyRanker().use { ranker ->
            assertEquals(text.split('\n').size - 1, ranker.receive(text))
            val ranked = ranker.rank(ranker.user(PROFILE), items)
            assertEquals(1, ranked.explanation.newTexts)
            assertEquals(expected, ranked.scores)
        }
    }

    @Test
    fun `a text with one bad line leaves nothing behind`() {
        tinyRanker().use { ranker ->
            assertTrue("line 2 of the summaries" in refusal("a bad line") { ranker.receive(text.replaceFirst("tokens", "token")) })
            assertTrue("other weights" in refusal("other weights") { ranker.receive(text.replaceFirst("0000", "1000")) })
            assertEquals(items.size + 1, ranker.rank(ranker.user(PROFILE), items).explanation.newTexts)
            ranker.close()
            assertTrue("closed" in refusal("closed") { ranker.receive(text) })
        }
    }

    @Test
    fun `what was received is written with what is prepared next`() {
        val received = text
        directory.deleteRecursively()
        tinyRanker(Options(directory = directory)).use { ranker ->
            ranker.receive(received)
            assertEquals(false, directory.exists())
            ranker.prepare(items)
        }
        tinyRanker(Options(directory = directory)).use { assertEquals(1, it.rank(it.user(PROFILE), items).explanation.newTexts) }
    }
}
