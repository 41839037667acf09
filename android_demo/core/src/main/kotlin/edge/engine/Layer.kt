package edge.engine

import edge.bundle.ModelShape

private const val LAYER = "layers.0"

/** The one layer of the model, which is applied at every depth of both stages. */
internal class Layer(weights: Parameters, private val shape: ModelShape, private val scratch: Scratch) {
    private val hidden = shape.hidden
    private val width = shape.hidden / shape.heads
    private val scale = (1 / Math.sqrt(width.toDouble())).toFloat()
    private val attentionNorm = weights.norm("$LAYER.attention_norm", hidden)
    private val attentionIn = weights.linear("$LAYER.attention_in", hidden, 3 * hidden)
    private val attentionOut = weights.linear("$LAYER.attention_out", hidden, hidden)
    private val feedForwardNorm = weights.norm("$LAYER.feed_forward_norm", hidden)
    private val feedForwardIn = weights.linear("$LAYER.feed_forward_in", hidden, weights.rows("$LAYER.feed_forward_in"))
    private val feedForwardOut = weights.linear("$LAYER.feed_forward_out", feedForwardIn.outputs, hidden)
    private val distance = // (L, A, D)
        if (shape.interactLayers > 0) weights.floats("distance", shape.interactLayers, shape.heads, shape.distances) else FloatArray(0)
    private val buckets = IntArray(shape.places + 1) { bucketOf(it, shape.distances) }

    /** (row, 3 H): queries, divided by the root of a head's width, keys and values, each with its heads side by side. */
    fun projected(states: Matrix): Matrix {
        val all = attentionIn.of(attentionNorm.of(states, scratch), scratch)
        for (row in 0 until all.rows) {
            val begin = all.at(row)
            for (index in begin until begin + hidden) all.values[index] *= scale
        }
        return all
    }

    /** Residual, output projection and feed-forward, in place; [attended] has the heads side by side. */
    private fun finish(states: Matrix, attended: Matrix) {
        attentionOut.of(attended, scratch).let { for (row in 0 until it.rows) states.add(row, it.values, it.at(row)) }
        val inner = each(feedForwardIn.of(feedForwardNorm.of(states, scratch), scratch), ::gelu)
        feedForwardOut.of(inner, scratch).let { for (row in 0 until it.rows) states.add(row, it.values, it.at(row)) }
    }

    /** One application within each segment, in place: a segment's tokens end where [ends] says. */
    fun encode(states: Matrix, ends: IntArray) = scratch.frame {
        val own = projected(states)
        val attended = scratch.matrix(states.rows, hidden)
        val logits = scratch.matrix(1, states.rows).values
        var begin = 0
        for (end in ends) {
            for (row in begin until end) {
                for (head in 0 until shape.heads) {
                    ownLogits(own, row, head, begin, end, logits, 0)
                    softmax(logits, 0, end - begin)
                    ownValues(attended, own, row, head, begin, end, logits, 0)
                }
            }
            begin = end
        }
        finish(states, attended)
    }

    /**
     * One interact layer, in place: rows attend to a timeline and to themselves; with [causal] they are the entries that
     * follow it, and attend to those before them, too.
     */
    fun interact(states: Matrix, own: Matrix, timeline: Timeline, layer: Int, causal: Boolean) = scratch.frame {
        val attended = scratch.matrix(states.rows, hidden)
        val entries = timeline.entries
        val logits = scratch.matrix(1, entries + states.rows).values
        // Heads outside: what all rows read of one is near the processor then.
        for (head in 0 until shape.heads) {
            val past = head * shape.places * width
            for (row in 0 until states.rows) {
                val begin = if (causal) 0 else row
                val place = if (causal) entries + row else entries
                dots(own.values, own.at(row) + head * width, timeline.keys[layer], past, width, width, logits, 0, entries)
                ownLogits(own, row, head, begin, row + 1, logits, entries)
                addDistances(logits, layer, head, place, entries, row - begin)
                softmax(logits, 0, entries + row + 1 - begin)
                val target = attended.at(row) + head * width
                blend(attended.values, target, timeline.values[layer], past, width, width, logits, 0, entries)
                ownValues(attended, own, row, head, begin, row + 1, logits, entries)
            }
        }
        finish(states, attended)
    }

    /** From a place to the timeline's entries, then to [before] rows before it and to itself. */
    private fun addDistances(logits: FloatArray, layer: Int, head: Int, place: Int, entries: Int, before: Int) {
        val begin = (layer * shape.heads + head) * shape.distances
        for (index in 0 until entries) logits[index] += distance[begin + buckets[place - index]]
        for (index in 0..before) logits[entries + index] += distance[begin + buckets[before - index]]
    }

    /** Of a row's query and the keys of rows from [begin] to [end]. */
    private fun ownLogits(own: Matrix, row: Int, head: Int, begin: Int, end: Int, logits: FloatArray, at: Int) {
        val from = own.at(begin) + hidden + head * width
        dots(own.values, own.at(row) + head * width, own.values, from, own.columns, width, logits, at, end - begin)
    }

    private fun ownValues(attended: Matrix, own: Matrix, row: Int, head: Int, begin: Int, end: Int, shares: FloatArray, at: Int) {
        val from = own.at(begin) + 2 * hidden + head * width
        blend(attended.values, attended.at(row) + head * width, own.values, from, own.columns, width, shares, at, end - begin)
    }
}
