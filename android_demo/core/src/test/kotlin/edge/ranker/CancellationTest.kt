package edge.ranker

import edge.engine.Engine
import edge.engine.Entries
import edge.engine.NewPlaces
import edge.engine.Timeline
import java.util.concurrent.CancellationException
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

class CancellationTest {
    private val candidates = (0 until 20).map(::itemOf)
    private val events = (0 until 5).map(::eventOf)

    @Test
    fun `a request that is cancelled during a step of the engine begins no other`() {
        val steps = Steps()
        val whole = tinyRanker(wrap = { steps.also { watched -> watched.engine = it } }).use { ranker ->
            ranker.rank(ranker.user(PROFILE, events), candidates).scores.also { assertTrue(steps.count >= 4) }
        }
        val all = steps.count
        for (last in 1 until all) {
            tinyRanker(wrap = { steps.also { watched -> watched.engine = it } }).use { ranker ->
                val user = ranker.user(PROFILE, events)
                steps.count = 0
                assertFailsWith<CancellationException> { ranker.rank(user, candidates, cancel = { steps.count >= last }) }
                assertEquals(last, steps.count)
                assertEquals(whole, ranker.rank(user, candidates).scores)
            }
        }
    }

    @Test
    fun `a request that is cancelled before it begins computes nothing`() {
        val steps = Steps()
        tinyRanker(wrap = { steps.also { watched -> watched.engine = it } }).use { ranker ->
            assertFailsWith<CancellationException> { ranker.rank(ranker.user(PROFILE, events), candidates, cancel = { true }) }
            assertEquals(0, steps.count)
        }
    }
}

/** Counts the steps that it begins; chunks are small, so that a request has several. */
private class Steps : Engine by tinyModel().engine {
    lateinit var engine: Engine
    var count = 0
    override val chunkSegments = 2

    override fun summarise(segments: List<IntArray>, depth: Int): List<FloatArray> {
        count++
        return engine.summarise(segments, depth)
    }

    override fun append(entries: Entries, profile: Boolean, timeline: Timeline): NewPlaces {
        count++
        return engine.append(entries, profile, timeline)
    }

    override fun score(candidates: Entries, timeline: Timeline, depth: Int): FloatArray {
        count++
        return engine.score(candidates, timeline, depth)
    }
}
