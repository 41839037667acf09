package edge.ranker

import edge.bundle.Exit
import edge.engine.Engine
import edge.engine.Entries
import edge.engine.Timeline
import edge.json.JsonReader
import edge.objectOf
import edge.refusal
import edge.text.Event
import edge.text.Item
import edge.text.User
import java.util.concurrent.CancellationException
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertTrue

class RankerTest {
    private val candidates = (0 until 20).map(::itemOf)

    @Test
    fun `a user who grew is ranked as one who was made at once`() {
        tinyRanker().use { ranker ->
            val grown = ranker.user(PROFILE)
            for (count in 0..20) {
                val whole = ranker.user(PROFILE, (0 until count).map(::eventOf))
                for (exit in ranker.exits) {
                    assertNear(ranker.rank(whole, candidates, Budget(exit = exit)), ranker.rank(grown, candidates, Budget(exit = exit)))
                }
                grown.add(eventOf(count))
            }
        }
    }

    @Test
    fun `what is kept changes no score`() {
        val scores = listOf(0.0, 64.0).map { memory ->
            tinyRanker(Options(memoryMb = memory)).use { ranker ->
                val user = ranker.user(PROFILE, (0 until 9).map(::eventOf))
                ranker.rank(user, candidates)
                ranker.rank(user, candidates).scores
            }
        }
        assertEquals(scores[0], scores[1])
    }

    @Test
    fun `the order of candidates changes nothing but ties`() {
        tinyRanker().use { ranker ->
            val user = ranker.user(PROFILE, (0 until 5).map(::eventOf))
            assertNear(ranker.rank(user, candidates), ranker.rank(user, candidates.reversed()))
            for (item in candidates) {
                val alone = ranker.rank(user, listOf(item))
                val among = ranker.rank(user, candidates).let { it.scores[it.items.indexOf(item)] }
                assertEquals(among, alone.scores[0], 1e-5)
            }
        }
    }

    @Test
    fun `prepared items are ranked alike and encode nothing`() {
        tinyRanker().use { ranker ->
            val handles = ranker.prepare(candidates)
            val user = ranker.user(PROFILE)
            val ranked = ranker.rank(user, handles)
            assertEquals(1, ranked.explanation.newTexts)
            assertEquals(ranker.rank(user, candidates).scores, ranked.scores)
            tinyRanker().use { other -> refusal("a foreign handle") { other.rank(other.user(PROFILE), handles) } }
        }
    }

    @Test
    fun `a budget that cannot be met is answered and reported`() {
        tinyRanker().use { ranker ->
            val ranked = ranker.rank(ranker.user(PROFILE), candidates, Budget(milliseconds = 1e-6, minAuc = 0.9))
            assertEquals(candidates.size, ranked.items.size)
            assertEquals(Exit(1, 0), ranked.explanation.exit)
            assertEquals(2, ranked.explanation.missed.size)
        }
    }

    @Test
    fun `an exit with a calibration gives probabilities in the order of ranks`() {
        tinyRanker().use { ranker ->
            val user = ranker.user(PROFILE, listOf(eventOf(1)))
            val ranked = ranker.rank(user, candidates, Budget(exit = Exit(1, 1)))
            assertTrue(ranked.explanation.probabilities && ranked.scores.all { it > 0 && it < 1 })
            assertEquals(ranked.scores.sortedDescending(), ranked.scores)
            assertFalse(ranker.rank(user, candidates, Budget(exit = Exit(1, 0))).explanation.probabilities)
        }
    }

    @Test
    fun `what no request may have is refused and changes nothing`() {
        tinyRanker().use { ranker ->
            val user = ranker.user(PROFILE, listOf(eventOf(4)))
            val before = ranker.rank(user, candidates).scores
            val year = Item("1", mapOf("title" to "red", "year" to "soon"))
            assertTrue("event.item.year" in refusal("text for a number") { user.add(Event(year)) })
            assertTrue("event.time" in refusal("an older event") { user.add(eventOf(3)) })
            assertTrue("event.liked" in refusal("a text for the value") { user.add(Event(itemOf(1), mapOf("liked" to "yes"))) })
            refusal("no title") { user.add(Event(Item("1"))) }
            refusal("a template's field") { ranker.user(User()) }
            refusal("equal ids") { ranker.rank(user, listOf(itemOf(1), itemOf(1))) }
            refusal("NaN") { ranker.rank(user, candidates, time = Double.NaN) }
            refusal("an unknown exit") { ranker.rank(user, candidates, Budget(exit = Exit(9, 9))) }
            refusal("a limit and an exit") { Budget(milliseconds = 1.0, exit = Exit(1, 0)) }
            assertEquals(before, ranker.rank(user, candidates).scores)
        }
    }

    @Test
    fun `beyond 10000 events the oldest 2500 leave`() {
        tinyRanker().use { ranker ->
            val user = ranker.user(PROFILE, (0 until 10_000).map(::eventOf))
            user.add(eventOf(10_000))
            val left = ranker.user(PROFILE, (2_500..10_000).map(::eventOf))
            assertNear(ranker.rank(left, candidates), ranker.rank(user, candidates))
            refusal("too many at once") { ranker.user(PROFILE, (0..10_000).map(::eventOf)) }
        }
    }

    @Test
    fun `a cancelled request ends and leaves no trace`() {
        tinyRanker().use { ranker ->
            val user = ranker.user(PROFILE, (0 until 5).map(::eventOf))
            for (allowed in 0..3) {
                var asked = 0
                assertFailsWith<CancellationException> { ranker.rank(user, candidates, cancel = { asked++ >= allowed }) }
                ranker.forget()
                user.forget()
            }
            val whole = ranker.user(PROFILE, (0 until 5).map(::eventOf))
            assertEquals(ranker.rank(whole, candidates).scores, ranker.rank(user, candidates).scores)
            assertEquals("", ranker.also { it.log() }.log())
        }
    }

    @Test
    fun `threads get the scores of one thread`() {
        tinyRanker().use { ranker ->
            val events = (0 until 9).map(::eventOf)
            val expected = ranker.rank(ranker.user(PROFILE, events), candidates).scores
            val shared = ranker.user(PROFILE, events)
            val found = java.util.concurrent.ConcurrentLinkedQueue<List<Double>>()
            val threads = (0 until 4).map { number ->
                thread {
                    repeat(10) { found.add(ranker.rank(if (number % 2 == 0) shared else ranker.user(PROFILE, events), candidates).scores) }
                }
            }
            threads.forEach { it.join() }
            assertEquals(40, found.count { it == expected })
        }
    }

    @Test
    fun `closing waits for the request under way and refuses later ones`() {
        val inside = CountDownLatch(1)
        val goOn = CountDownLatch(1)
        val ranker = tinyRanker { engine -> WaitingEngine(engine, inside, goOn) }
        val user = ranker.user(PROFILE)
        var ranked: Ranked? = null
        val request = thread { ranked = ranker.rank(user, candidates) }
        assertTrue(inside.await(10, TimeUnit.SECONDS))
        val closing = thread { ranker.close() }
        closing.join(50)
        assertTrue(closing.isAlive && ranked == null)
        goOn.countDown()
        request.join()
        closing.join()
        assertEquals(candidates.size, ranked?.items?.size)
        for (call in listOf({ ranker.rank(user, candidates) }, { ranker.log() }, { user.add(eventOf(1)) }, { ranker.forget() })) {
            assertTrue("closed" in refusal("closed") { call() })
        }
        ranker.close()
    }

    @Test
    fun `the log says what was shown and what came of it`() {
        tinyRanker(Options(logRows = 7)).use { ranker ->
            val user = ranker.user(PROFILE, id = "u")
            repeat(3) { ranker.rank(user, candidates.take(3), time = 5.0) }
            user.add(Event(itemOf(1), mapOf("liked" to true, "bought" to true)))
            val rows = ranker.log().trimEnd('\n').split('\n').map { objectOf(JsonReader.readStrictly(it)) }
            assertEquals(6, rows.size)
            assertEquals(listOf("2", "2", "2", "3", "3", "3"), rows.map { (it["request"] as String).substringAfterLast('-') })
            val shown = rows.takeLast(3).single { it["item"] == "1" }
            assertEquals(listOf<Any?>(1L, 1L, "u", 5L, 0L), listOf("liked", "bought", "user", "time", "events").map { shown[it] })
            assertEquals(5, rows.count { it["liked"] == 0L && it["bought"] == 0L })
            assertEquals("new", shown["user.kind"])
            assertEquals(itemOf(1).attributes["title"], shown["item.title"])
            assertEquals("", ranker.log())
        }
    }

    private fun assertNear(expected: Ranked, found: Ranked) {
        val scores = expected.items.map { it.id }.zip(expected.scores).toMap()
        for ((item, score) in found.items.zip(found.scores)) assertEquals(scores.getValue(item.id), score, 2e-3)
    }
}

/** Waits in its first summary until it may go on. */
private class WaitingEngine(engine: Engine, private val inside: CountDownLatch, private val goOn: CountDownLatch) : Engine by engine {
    private val engine = engine

    override fun summarise(segments: List<IntArray>, depth: Int): List<FloatArray> {
        inside.countDown()
        goOn.await(10, TimeUnit.SECONDS)
        return engine.summarise(segments, depth)
    }

    override fun append(entries: Entries, profile: Boolean, timeline: Timeline) = engine.append(entries, profile, timeline)
}
