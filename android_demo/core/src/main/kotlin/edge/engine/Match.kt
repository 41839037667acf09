package edge.engine

import edge.bundle.ModelShape

private const val OVERALL = 5f
private const val NO_LIKENESS = 0.3f
private const val CLIP = 4f

/** How candidates compare with the events of a timeline (ENGINE.md, "Match" and "Number and flag"). */
internal class Match(weights: Parameters, private val shape: ModelShape, private val scratch: Scratch) {
    private val ways = shape.matchHeads
    private val ofCandidate = weights.product("match.of_candidate", shape.hidden, shape.matchSize)
    private val ofEvent = weights.product("match.of_event", shape.hidden, shape.matchSize)
    private val gate = weights.linear("match.gate", shape.hidden, ways)
    private val value = weights.linear("match.value", shape.hidden, ways)
    private val sharpness = weights.floats("match.sharpness", ways).map { exp(it.toDouble()).toFloat() }.toFloatArray()
    private val likeness = if (shape.factors > 0) Likeness(weights, shape, scratch) else null

    fun keys(items: Matrix): Matrix = unit(ofEvent.of(items, scratch))

    fun gates(phrases: Matrix): Matrix = each(gate.of(phrases, scratch), ::logSigmoid)

    fun said(phrases: Matrix): Matrix = each(value.of(phrases, scratch)) { Math.tanh(it.toDouble()).toFloat() }

    fun factors(items: Matrix): Matrix = likeness?.factors(items) ?: scratch.matrix(items.rows, 0)

    /** (candidate, 2): the number and its flag; 0 and 1 without factors or events. */
    fun numberAndFlag(items: Matrix, timeline: Timeline): Matrix {
        val result = scratch.matrix(items.rows, 2)
        if (likeness == null || timeline.entries == timeline.firstEvent) {
            for (row in 0 until items.rows) result[row, 1] = 1f
        } else {
            likeness.into(result, items, timeline)
        }
        return result
    }

    /** (candidate, 3 W + 1): best of each way, weighted of each, mean of each, 1 without events. */
    fun features(items: Matrix, timeline: Timeline): Matrix {
        val result = scratch.matrix(items.rows, 3 * ways + 1)
        val first = timeline.firstEvent
        val events = timeline.entries - first
        if (events == 0) {
            for (row in 0 until items.rows) result[row, 3 * ways] = 1f
            return result
        }
        val vectors = unit(ofCandidate.of(items, scratch))
        val cosines = scratch.matrix(1, events).values
        val shares = scratch.matrix(ways, events)
        for (way in 0 until ways) {
            for (event in 0 until events) shares[way, event] = timeline.gates[first + event, way]
            softmax(shares.values, shares.at(way), events)
        }
        val size = shape.matchSize
        for (row in 0 until items.rows) {
            dots(vectors.values, vectors.at(row), timeline.matchKeys.values, first * size, size, size, cosines, 0, events)
            for (way in 0 until ways) feature(result, row, way, cosines, timeline, shares)
        }
        return result
    }

    private fun feature(result: Matrix, row: Int, way: Int, cosines: FloatArray, timeline: Timeline, shares: Matrix) {
        val first = timeline.firstEvent
        val sharp = sharpness[way]
        var greatest = Float.NEGATIVE_INFINITY
        var mean = 0f
        for (event in 0 until shares.columns) {
            greatest = maxOf(greatest, cosines[event] * sharp + timeline.gates[first + event, way])
            mean += shares[way, event] * cosines[event] * timeline.said[first + event, way]
        }
        var sum = 0f
        var weighted = 0f
        for (event in 0 until shares.columns) {
            val logit = cosines[event] * sharp + timeline.gates[first + event, way]
            val power = exp((logit - greatest).toDouble()).toFloat()
            sum += power
            weighted += power * timeline.said[first + event, way]
        }
        result[row, way] = (Math.log(sum.toDouble()).toFloat() + greatest) / sharp
        result[row, ways + way] = weighted / sum
        result[row, 2 * ways + way] = mean
    }
}

/** What items that are like a candidate were given: the number that stands for collaborative filtering. */
private class Likeness(weights: Parameters, private val shape: ModelShape, private val scratch: Scratch) {
    private val factors = weights.linear("likeness.factors", shape.hidden, shape.factors)
    private val overall = weights.floats("likeness.overall", 1)[0]
    private val unit = weights.floats("likeness.unit", 1)[0]
    private val mean = weights.floats("likeness.mean", 1)[0]
    private val spread = weights.floats("likeness.spread", 1)[0]

    fun factors(items: Matrix): Matrix = factors.of(items, scratch)

    fun into(result: Matrix, items: Matrix, timeline: Timeline) = scratch.frame {
        val first = timeline.firstEvent
        val events = timeline.entries - first
        var above = 0f
        for (event in 0 until events) above += timeline.liked[first + event] - overall
        val level = overall + above / (events + OVERALL)
        val vectors = factors(items)
        val products = scratch.matrix(1, events).values
        val size = shape.factors
        for (row in 0 until items.rows) {
            dots(vectors.values, vectors.at(row), timeline.factors.values, first * size, size, size, products, 0, events)
            var number = 0f
            var total = NO_LIKENESS
            for (event in 0 until events) {
                val like = products[event] * unit * unit
                number += like * (timeline.liked[first + event] - level)
                total += Math.abs(like)
            }
            result[row, 0] = ((number / total - mean) / spread).coerceIn(-CLIP, CLIP)
        }
    }
}
