package edge.ranker

import edge.EdgeError
import edge.bundle.Exit
import edge.text.Item
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import kotlin.concurrent.thread
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

private const val THREADS = 8
private const val RANKS = 1_000
private const val CLOSINGS = 1_000

class ThreadsTest {
    private val items = (0 until 40).map(::itemOf)

    @Test
    fun `eight threads that rank, add, prepare and trim get the scores of one, to the bit`() {
        val expected = tinyRanker().use { ranker -> (0 until THREADS).map { scoresOf(ranker, it, others = false) } }
        val found = arrayOfNulls<List<Double>>(THREADS)
        tinyRanker(Options(memoryMb = 0.0005, logRows = 100)).use { ranker ->
            (0 until THREADS).map { number -> thread { found[number] = scoresOf(ranker, number, others = true) } }.forEach { it.join() }
        }
        assertEquals(THREADS * RANKS, expected.sumOf { it.size } / 5)
        assertEquals(expected, found.toList())
    }

    /** Of a user who meets an event now and then; between requests [others] prepare, trim, forget and read the log. */
    private fun scoresOf(ranker: Ranker, number: Int, others: Boolean): List<Double> {
        var user = ranker.user(PROFILE, (0 until number).map(::eventOf))
        val scores = ArrayList<Double>()
        for (step in 0 until RANKS) {
            val candidates = (0 until 5).map { items[(7 * step + 3 * it + number) % 40] }.distinctBy(Item::id)
            val exit = Exit(1, step % 2)
            if (step % 20 == 0) user.add(eventOf(number + step))
            if (step % 200 == 199) user = ranker.user(PROFILE, (0 until number).map(::eventOf))
            if (others && step % 10 == 5) ranker.trim(0.0)
            if (others && step % 50 == 7) user.forget()
            if (others && step % 100 == 9) ranker.log()
            val ranked = if (others && step % 3 == 0) {
                ranker.rank(user, ranker.prepare(candidates), Budget(exit = exit))
            } else {
                ranker.rank(user, candidates, Budget(exit = exit))
            }
            scores.addAll(ranked.scores)
        }
        return scores
    }

    @Test
    fun `closing during requests ends each thread with one clean error, a thousand times`() {
        val candidates = items.take(3)
        repeat(CLOSINGS) { round ->
            val ranker = tinyRanker()
            val expected = ranker.rank(ranker.user(PROFILE), candidates).scores
            val started = CountDownLatch(1)
            val ended = ConcurrentLinkedQueue<Throwable>()
            val request = thread {
                try {
                    val user = ranker.user(PROFILE)
                    while (true) {
                        assertEquals(expected, ranker.rank(user, candidates).scores)
                        started.countDown()
                    }
                } catch (error: Throwable) {
                    ended.add(error)
                    started.countDown()
                }
            }
            started.await()
            repeat(round % 7) { Thread.yield() }
            ranker.close()
            request.join()
            val error = ended.single()
            assertTrue(error is EdgeError && error.problem == "the ranker was closed", "$error")
        }
    }
}
