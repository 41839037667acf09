package edge.android

import edge.EdgeError
import edge.ranker.PROFILE
import edge.ranker.Ranker
import edge.ranker.eventOf
import edge.ranker.itemOf
import edge.ranker.tinyRanker
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

class SuspendingRankerTest {
    private val candidates = (0 until 20).map(::itemOf)
    private val events = (0 until 5).map(::eventOf)

    @Test
    fun `a ranker that suspends answers as one that blocks`() = runBlocking {
        val expected = tinyRanker().use { it.rank(it.user(PROFILE, events), candidates).scores }
        val ranker = SuspendingRanker.open { tinyRanker() }
        val user = ranker.user(PROFILE, events)
        assertEquals(expected, ranker.rank(user, candidates).scores)
        assertEquals(expected, ranker.rank(user, ranker.prepare(candidates)).scores)
        val hidden = tinyRanker().use { it.model.engine.shape.hidden }
        val head = """{"schema": "edge-ranker/summaries/1", "weights": "${"0".repeat(64)}", "hidden": $hidden}"""
        assertEquals(0, ranker.receive(head))
        assertTrue("line 2" in assertFailsWith<EdgeError> { ranker.receive("$head\n[]") }.problem)
        ranker.close()
        ranker.close()
        assertTrue("closed" in assertFailsWith<EdgeError> { ranker.log() }.problem)
    }

    @Test
    fun `a cancelled coroutine ends its request, and the next one is answered`() = runBlocking {
        val ranker = SuspendingRanker.open { tinyRanker() }
        val user = ranker.user(PROFILE, events)
        coroutineScope {
            val request = launch { repeat(10_000) { ranker.forget().also { ranker.rank(user, candidates) } } }
            ranker.rank(user, candidates)
            request.cancel()
            withTimeout(10_000) { request.join() }
        }
        assertEquals(candidates.size, ranker.rank(user, candidates).items.size)
        ranker.close()
    }

    @Test
    fun `a ranker whose opening was cancelled is closed`() = runBlocking {
        lateinit var opened: Ranker
        val begun = CompletableDeferred<Unit>()
        val opening = launch(Dispatchers.Default) {
            SuspendingRanker.open {
                begun.complete(Unit)
                Thread.sleep(50)
                tinyRanker().also { opened = it }
            }
        }
        begun.await()
        opening.cancelAndJoin()
        withTimeout(10_000) { while (!isClosed(opened)) delay(5) }
    }

    private fun isClosed(ranker: Ranker): Boolean = try {
        ranker.log()
        false
    } catch (error: EdgeError) {
        "closed" in error.problem
    }

    @Test
    fun `an update that does not verify leaves the ranker that serves`() = runBlocking {
        val serving = SuspendingRanker.open { tinyRanker() }
        // Random weights: no golden request passes.
        assertFailsWith<EdgeError> { SuspendingRanker.replace(serving) { tinyRanker() } }
        assertEquals(candidates.size, serving.rank(serving.user(PROFILE), candidates).items.size)
        serving.close()
    }
}
