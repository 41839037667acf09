package edge.android.measure

import edge.bundle.Bundle
import edge.engine.Engine
import edge.engine.EngineLibrary
import edge.engine.Entries
import edge.engine.NewPlaces
import edge.engine.Timeline
import java.io.File

internal val PARTS = listOf("encode", "append", "score")

/** Another library, whose engine adds up the milliseconds of its calls in [spent], by part. For one ranker. */
internal class TimedLibrary(private val library: EngineLibrary) : EngineLibrary(library.name) {
    val spent = HashMap<String, Double>()

    override fun open(bundle: Bundle, directory: File?): Engine = TimedEngine(library.open(bundle, directory), spent)
}

private class TimedEngine(private val engine: Engine, private val spent: MutableMap<String, Double>) : Engine by engine {
    override fun summarise(segments: List<IntArray>, depth: Int): List<FloatArray> = timed("encode") { engine.summarise(segments, depth) }

    override fun append(entries: Entries, profile: Boolean, timeline: Timeline): NewPlaces =
        timed("append") { engine.append(entries, profile, timeline) }

    override fun score(candidates: Entries, timeline: Timeline, depth: Int): FloatArray =
        timed("score") { engine.score(candidates, timeline, depth) }

    private fun <T> timed(part: String, action: () -> T): T {
        val started = System.nanoTime()
        try {
            return action()
        } finally {
            spent[part] = (spent[part] ?: 0.0) + (System.nanoTime() - started) / 1e6
        }
    }
}
