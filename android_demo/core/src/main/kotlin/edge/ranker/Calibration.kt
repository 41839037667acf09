package edge.ranker

import edge.engine.Engine
import edge.engine.Entries
import edge.engine.Timeline
import edge.plan.Costs
import edge.plan.Curve

private const val TIMINGS = 3
private val TOKENS = intArrayOf(16, 64, 256)
private val COUNTS = intArrayOf(1, 16, 64)

/** Times the engine on this device (PLAN.md, section 3): the least of several timings, arrays of 0. */
internal fun calibrate(engine: Engine): Costs {
    val shape = engine.shape
    val chunk = DoubleArray(TOKENS.size)
    val encode = DoubleArray(TOKENS.size)
    for ((index, tokens) in TOKENS.withIndex()) {
        val segments = List(maxOf(tokens / shape.positions, 1)) { IntArray(minOf(tokens, shape.positions)) }
        chunk[index] = least { engine.summarise(segments, 0) }
        encode[index] = maxOf(least { engine.summarise(segments, 1) } - chunk[index], 0.0)
    }
    val empty = Timeline(shape)
    val append = DoubleArray(COUNTS.size) { index ->
        val entries = zeros(engine, minOf(COUNTS[index], shape.places))
        least { engine.append(entries, true, empty) }
    }
    val full = Timeline(shape)
    val all = zeros(engine, shape.places)
    full.append(engine.append(all, true, full), shape.places, true, FloatArray(shape.places))
    val score = List(shape.interactLayers + 1) { depth ->
        Curve(COUNTS, DoubleArray(COUNTS.size) { index -> zeros(engine, COUNTS[index]).let { least { engine.score(it, full, depth) } } })
    }
    return Costs(Curve(TOKENS, chunk), Curve(TOKENS, encode), Curve(COUNTS, append), score)
}

private fun zeros(engine: Engine, count: Int): Entries {
    val rows = List(count) { FloatArray(engine.shape.hidden) }
    return Entries.of(rows, rows, List(count) { FloatArray(engine.shape.numbers) }, engine.shape.hidden, engine.shape.numbers)
}

private fun least(action: () -> Unit): Double {
    var least = Double.MAX_VALUE
    repeat(TIMINGS) {
        val started = System.nanoTime()
        action()
        least = minOf(least, (System.nanoTime() - started) / 1e6)
    }
    return least
}
