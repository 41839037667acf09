package edge.app

import edge.android.SuspendingRanker
import edge.ranker.PROFILE
import edge.ranker.eventOf
import edge.ranker.itemOf
import edge.ranker.tinyRanker
import edge.text.Request
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertNotEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking

class DemoTest {
    private val request = Request(PROFILE, (0 until 5).map(::eventOf), (0 until 9).map(::itemOf), 10.0)

    @Test
    fun `the screen shows every candidate, best first, and how the answer came about`() = runBlocking {
        val ranker = SuspendingRanker.open { tinyRanker() }
        val answer = Demo.start(ranker, request).rank(50.0)
        assertEquals(9, answer.lines.size)
        val scores = answer.lines.map { it.substringBefore("  ").toDouble() }
        assertEquals(scores.sortedDescending(), scores)
        assertTrue(answer.summary.startsWith("exit ") && "ms of 50" in answer.summary, answer.summary)
        ranker.close()
    }

    @Test
    fun `a like changes the next answer`() = runBlocking {
        val ranker = SuspendingRanker.open { tinyRanker() }
        val demo = Demo.start(ranker, request)
        val before = demo.rank(50.0).lines
        demo.like("3")
        assertNotEquals(before, demo.rank(50.0).lines)
        ranker.close()
    }
}
