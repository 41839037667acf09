package edge.engine

import edge.bundle.ModelShape
import edge.weights.Tensor

private const val PROFILE = 0
private const val EVENT = 1
private const val CANDIDATE = 2
private const val UNKNOWN = 1
private const val ROWS = 64 // candidates that are scored together

/** The arithmetic of ENGINE.md in Kotlin alone: it needs no library, and reads a bundle's weights. */
internal class ReferenceEngine(tensors: Map<String, Tensor>, override val shape: ModelShape) : Engine {
    override val name = "reference"
    override val chunkTokens = 256
    override val chunkSegments = 64
    private val scratch = Scratch()
    private val levels = Levels()
    private val weights = Parameters(tensors, levels)
    private val hidden = shape.hidden
    private val embedded = if ("widen.weight" in weights) weights.columns("token") else hidden
    private val token = weights.table("token", shape.vocabulary, embedded)
    private val position = weights.table("position", shape.positions, embedded)
    private val embeddingNorm = weights.norm("embedding_norm", embedded)
    private val widen = if ("widen.weight" in weights) weights.linear("widen", embedded, hidden) else null
    private val summaryNorm = weights.norm("summary_norm", hidden)
    private val kind = weights.table("kind", 3, hidden)
    private val layer = Layer(weights, shape, scratch)
    private val match = Match(weights, shape, scratch)
    private val inputs = shape.numbers + if (shape.factors > 0) 1 else 0
    private val numbersIn = weights.linear("numbers.0", 2 * inputs, weights.rows("numbers.0"))
    private val numbersOut = weights.linear("numbers.2", numbersIn.outputs, hidden)
    private val matched = weights.linear("matched", 3 * shape.matchHeads + 1, 1)
    private val wide = weights.linear("wide", 2 * inputs, 1)
    private val deepIn = weights.linear("deep.0", 2 * inputs, weights.rows("deep.0"))
    private val deepOut = weights.linear("deep.3", deepIn.outputs, 1)
    private val headNorm = weights.norm("head_norm", hidden)
    private val head = weights.linear("head", hidden, 1)

    override fun paddedTokens(tokens: Int) = tokens

    override fun paddedCandidates(count: Int, depth: Int) = count

    override fun summarise(segments: List<IntArray>, depth: Int): List<FloatArray> = scratch.frame {
        val ends = IntArray(segments.size)
        for ((index, ids) in segments.withIndex()) {
            ends[index] = ids.size.coerceIn(1, shape.positions) + if (index == 0) 0 else ends[index - 1]
        }
        val states = embed(segments, ends)
        repeat(depth) { layer.encode(states, ends) }
        val means = scratch.matrix(segments.size, hidden)
        for (segment in segments.indices) {
            val begin = if (segment == 0) 0 else ends[segment - 1]
            for (row in begin until ends[segment]) means.add(segment, states.values, states.at(row))
            for (column in 0 until hidden) means[segment, column] *= 1f / (ends[segment] - begin)
        }
        val summaries = summaryNorm.of(means, scratch)
        List(segments.size) { summaries.values.copyOfRange(summaries.at(it), summaries.at(it) + hidden) }
    }

    private fun embed(segments: List<IntArray>, ends: IntArray): Matrix {
        val rows = scratch.matrix(ends.last(), embedded)
        for ((segment, ids) in segments.withIndex()) {
            val begin = if (segment == 0) 0 else ends[segment - 1]
            for (row in begin until ends[segment]) {
                token.addTo(rows, row, if (ids.isEmpty()) UNKNOWN else ids[row - begin])
                position.addTo(rows, row, row - begin)
            }
        }
        val narrow = embeddingNorm.of(rows, scratch)
        return widen?.of(narrow, scratch) ?: narrow
    }

    override fun append(entries: Entries, profile: Boolean, timeline: Timeline): NewPlaces = scratch.frame {
        val flags = scratch.matrix(entries.count, 2)
        for (row in 0 until entries.count) flags[row, 1] = 1f
        val states = states(entries, small(inputs(entries, flags)), EVENT)
        if (profile) {
            states.setRow(0, entries.items.values, entries.items.at(0))
            kind.addTo(states, 0, PROFILE)
        }
        val keys = ArrayList<FloatArray>()
        val values = ArrayList<FloatArray>()
        for (depth in 0 until shape.interactLayers) {
            val own = layer.projected(states)
            keys.add(byHead(own, hidden))
            values.add(byHead(own, 2 * hidden))
            // Nothing looks at the states after the last layer.
            if (depth + 1 < shape.interactLayers) layer.interact(states, own, timeline, depth, causal = true)
        }
        NewPlaces(
            keys.toTypedArray(), values.toTypedArray(), match.keys(entries.items), match.gates(entries.phrases),
            match.said(entries.phrases), match.factors(entries.items),
        )
    }

    override fun score(candidates: Entries, timeline: Timeline, depth: Int): FloatArray {
        val logits = FloatArray(candidates.count)
        for (begin in logits.indices step ROWS) {
            val count = minOf(ROWS, logits.size - begin)
            scratch.frame { score(candidates.part(begin, count), timeline, depth, logits, begin) }
        }
        return logits
    }

    private fun score(candidates: Entries, timeline: Timeline, depth: Int, logits: FloatArray, begin: Int) {
        val numbers = inputs(candidates, match.numberAndFlag(candidates.items, timeline))
        val matched = matched.of(match.features(candidates.items, timeline), scratch)
        val wide = wide.of(numbers, scratch)
        val deep = deepOut.of(each(deepIn.of(numbers, scratch), ::gelu), scratch)
        val states = states(candidates, small(numbers), CANDIDATE)
        repeat(depth) { scratch.frame { layer.interact(states, layer.projected(states), timeline, it, causal = false) } }
        val ofStates = head.of(headNorm.of(states, scratch), scratch)
        for (row in 0 until candidates.count) logits[begin + row] = ofStates[row, 0] + matched[row, 0] + wide[row, 0] + deep[row, 0]
    }

    /** Item, phrase, small numbers and kind: added to [small], in place. */
    private fun states(entries: Entries, small: Matrix, kindOf: Int): Matrix {
        for (row in 0 until entries.count) {
            small.add(row, entries.items.values, entries.items.at(row))
            small.add(row, entries.phrases.values, entries.phrases.at(row))
            kind.addTo(small, row, kindOf)
        }
        return small
    }

    /** (row, H) -> (A, row, H / A), of the part of each row that begins at [from]. */
    private fun byHead(own: Matrix, from: Int): FloatArray {
        val width = hidden / shape.heads
        val result = scratch.matrix(own.rows, hidden).values
        for (head in 0 until shape.heads) {
            for (row in 0 until own.rows) {
                val begin = own.at(row) + from + head * width
                own.values.copyInto(result, (head * own.rows + row) * width, begin, begin + width)
            }
        }
        return result
    }

    /** (row, input): numbers, number, missing, flag; without number and flag if there are no factors. */
    private fun inputs(entries: Entries, likeness: Matrix): Matrix {
        val result = scratch.matrix(entries.count, 2 * inputs)
        for (row in 0 until entries.count) {
            for (column in 0 until shape.numbers) {
                result[row, column] = entries.numbers[row, column]
                result[row, inputs + column] = entries.missing[row, column]
            }
            if (shape.factors > 0) {
                result[row, shape.numbers] = likeness[row, 0]
                result[row, inputs + shape.numbers] = likeness[row, 1]
            }
        }
        return result
    }

    private fun small(numbers: Matrix): Matrix = numbersOut.of(each(numbersIn.of(numbers, scratch), ::gelu), scratch)

    override fun trim() {
        scratch.clear()
        levels.clear()
    }

    override fun close() = trim()
}
