package edge.ranker

import edge.engine.Engine
import edge.engine.Entries
import edge.engine.Timeline
import edge.plan.Costs
import edge.plan.Curve

private const val TIMINGS = 3
private const val SEVERAL = 16
private const val MANY = 64

/**
 * Measures the engine's costs on this device (PLAN.md, section 3): the least of several timings, on arrays of 0, at
 * padded sizes.
 */
internal fun calibrate(engine: Engine): Costs = measure(engine) { action ->
    var least = Double.MAX_VALUE
    repeat(TIMINGS) { least = minOf(least, milliseconds(action)) }
    least
}

/** Runs every call once: what an engine prepares at its first call belongs to opening, not to a request. */
internal fun warmUp(engine: Engine) {
    measure(engine, ::milliseconds)
}

private fun measure(engine: Engine, time: (() -> Unit) -> Double): Costs {
    val shape = engine.shape
    val tokens = listOf(1, engine.chunkTokens / 4, engine.chunkTokens).map(engine::paddedTokens).distinct().sorted()
    val chunk = tokens.map { size -> segmentsOf(engine, size).let { time { engine.summarise(it, 0) } } }
    val encode = tokens.mapIndexed { index, size ->
        if (shape.encodeDepths.last() == 0) 0.0
        else segmentsOf(engine, size).let { maxOf(time { engine.summarise(it, 1) } - chunk[index], 0.0) }
    }
    val empty = Timeline(shape)
    val appended = listOf(1, minOf(SEVERAL, shape.places)).distinct()
    val append = appended.map { count -> Entries.of(count, shape).let { time { engine.append(it, true, empty) } } }
    val full = Timeline(shape)
    full.append(engine.append(Entries.of(shape.places, shape), true, full), shape.places, true, FloatArray(shape.places))
    val score = (0..shape.interactLayers).map { depth ->
        val counts = listOf(1, MANY).map { engine.paddedCandidates(it, depth) }.distinct()
        curve(counts, counts.map { count -> Entries.of(count, shape).let { time { engine.score(it, full, depth) } } })
    }
    return Costs(curve(tokens, chunk), curve(tokens, encode), curve(appended, append), score)
}

private fun curve(sizes: List<Int>, milliseconds: List<Double>) = Curve(sizes.toIntArray(), milliseconds.toDoubleArray())

/** The longest segments that together have `tokens` tokens. */
private fun segmentsOf(engine: Engine, tokens: Int): List<IntArray> {
    val longest = engine.shape.positions
    val lengths = List(tokens / longest) { longest } + listOf(tokens % longest).filter { it > 0 }
    return lengths.take(engine.chunkSegments).map(::IntArray)
}

private fun milliseconds(action: () -> Unit): Double {
    val started = System.nanoTime()
    action()
    return (System.nanoTime() - started) / 1e6
}
