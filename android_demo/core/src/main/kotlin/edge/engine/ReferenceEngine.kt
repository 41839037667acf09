package edge.engine

import edge.bundle.ModelShape
import edge.weights.Tensor

private const val PROFILE = 0
private const val EVENT = 1
private const val CANDIDATE = 2
private const val UNKNOWN = 1

/** The arithmetic of ENGINE.md in Kotlin alone: it needs no library, and reads a bundle's weights. */
internal class ReferenceEngine(tensors: Map<String, Tensor>, override val shape: ModelShape) : Engine {
    override val name = "reference"
    override val chunkTokens = 256
    override val chunkSegments = 64
    private val weights = Parameters(tensors)
    private val layer = Layer(weights, shape)
    private val match = Match(weights, shape)
    private val width = shape.hidden / shape.heads
    private val distance = if (shape.interactLayers > 0) weights.floats("distance") else FloatArray(0) // (L, A, D)

    override fun paddedTokens(tokens: Int) = tokens

    override fun paddedCandidates(count: Int, depth: Int) = count

    /** A segment looks at itself alone, so each is computed alone. */
    override fun summarise(segments: List<IntArray>, depth: Int): List<FloatArray> = segments.map { ids ->
        var hidden = embed(if (ids.isEmpty()) intArrayOf(UNKNOWN) else ids.copyOf(minOf(ids.size, shape.positions)))
        repeat(depth) { hidden = layer.encode(hidden) }
        val mean = Matrix(1, shape.hidden)
        for (row in 0 until hidden.rows) mean.add(0, hidden.values, row * shape.hidden)
        for (column in 0 until shape.hidden) mean[0, column] *= 1f / hidden.rows
        weights.norm("summary_norm", mean).values
    }

    private fun embed(ids: IntArray): Matrix {
        val rows = ids.mapIndexed { position, id ->
            val token = weights.row("token", id)
            val place = weights.row("position", position)
            FloatArray(token.size) { token[it] + place[it] }
        }
        val narrow = weights.norm("embedding_norm", Matrix.of(rows, rows[0].size))
        return if ("widen.weight" in weights) weights.linear("widen", narrow) else narrow
    }

    override fun append(entries: Entries, profile: Boolean, timeline: Timeline): NewPlaces {
        val flags = Matrix(entries.count, 2)
        for (row in 0 until entries.count) flags[row, 1] = 1f
        val small = small(inputs(entries, flags))
        var hidden = Matrix(entries.count, shape.hidden, entries.items.values.copyOf())
        for (row in 0 until entries.count) {
            if (profile && row == 0) {
                hidden.add(row, weights.row("kind", PROFILE))
            } else {
                hidden.add(row, entries.phrases.values, row * shape.hidden)
                hidden.add(row, small.values, row * shape.hidden)
                hidden.add(row, weights.row("kind", EVENT))
            }
        }
        val apart = apartOfNew(shape.places, shape.distances, timeline.entries, entries.count)
        val kept = ArrayList<Projected>()
        for (depth in 0 until shape.interactLayers) {
            val projected = layer.projected(hidden)
            kept.add(projected)
            // Nothing looks at the states after the last layer.
            if (depth + 1 < shape.interactLayers) hidden = attend(hidden, projected, timeline, depth, apart)
        }
        return NewPlaces(
            Array(kept.size) { byHead(kept[it].keys) },
            Array(kept.size) { byHead(kept[it].values) },
            unit(weights.product("match.of_event", entries.items)),
            weights.linear("match.gate", entries.phrases).also { map(it, ::logSigmoid) },
            weights.linear("match.value", entries.phrases).also { gates -> map(gates) { Math.tanh(it.toDouble()).toFloat() } },
            match.factors(entries.items),
        )
    }

    override fun score(candidates: Entries, timeline: Timeline, depth: Int): FloatArray {
        val numbers = inputs(candidates, match.likeness(candidates.items, timeline))
        val beside = weights.linear("matched", match.features(candidates.items, timeline))
        val wide = weights.linear("wide", numbers)
        val deep = weights.linear("deep.3", geluAll(weights.linear("deep.0", numbers)))
        var hidden = small(numbers)
        for (row in 0 until candidates.count) {
            hidden.add(row, candidates.items.values, row * shape.hidden)
            hidden.add(row, candidates.phrases.values, row * shape.hidden)
            hidden.add(row, weights.row("kind", CANDIDATE))
        }
        val apart = apart(shape.places, shape.distances, timeline.entries)
        // The place behind those of the timeline is the candidate itself, which is no distance away.
        val ofEach = Array(candidates.count) { row ->
            apart + IntArray(candidates.count) { if (it == row) 0 else shape.distances }
        }
        for (layers in 0 until depth) hidden = attend(hidden, layer.projected(hidden), timeline, layers, ofEach)
        val head = weights.linear("head", weights.norm("head_norm", hidden))
        return FloatArray(candidates.count) { head[it, 0] + beside[it, 0] + wide[it, 0] + deep[it, 0] }
    }

    /** One interact layer; [apart] has the buckets of each row to the timeline's places, then to the rows. */
    private fun attend(hidden: Matrix, own: Projected, timeline: Timeline, depth: Int, apart: Array<IntArray>): Matrix {
        val attended = Matrix(hidden.rows, shape.hidden)
        val logits = FloatArray(shape.places + hidden.rows)
        val columns = IntArray(shape.places + hidden.rows)
        for (row in 0 until hidden.rows) {
            var count = 0
            for (column in logits.indices) if (apart[row][column] < shape.distances) columns[count++] = column
            for (head in 0 until shape.heads) {
                val from = row * shape.hidden + head * width
                val bias = (depth * shape.heads + head) * shape.distances
                for (index in 0 until count) {
                    val column = columns[index]
                    val keys = if (column < shape.places) timeline.keys[depth] else own.keys.values
                    val product = dot(own.queries.values, from, keys, at(column, head), width)
                    logits[index] = product + distance[bias + apart[row][column]]
                }
                softmax(logits, count)
                for (index in 0 until count) {
                    val values = if (columns[index] < shape.places) timeline.values[depth] else own.values.values
                    layer.blend(attended.values, from, values, at(columns[index], head), logits[index])
                }
            }
        }
        return layer.finish(hidden, attended)
    }

    /** Where a head's part of a column begins: (A, E, H / A) in the timeline, (n, H) of new rows. */
    private fun at(column: Int, head: Int): Int =
        if (column < shape.places) (head * shape.places + column) * width else (column - shape.places) * shape.hidden + head * width

    private fun byHead(matrix: Matrix): FloatArray {
        val result = FloatArray(matrix.values.size)
        for (head in 0 until shape.heads) {
            for (row in 0 until matrix.rows) {
                val from = row * shape.hidden + head * width
                matrix.values.copyInto(result, (head * matrix.rows + row) * width, from, from + width)
            }
        }
        return result
    }

    /** (row, input): numbers, number, missing, flag; without number and flag if there are no factors. */
    private fun inputs(entries: Entries, likeness: Matrix): Matrix {
        val size = shape.numbers + if (shape.factors > 0) 1 else 0
        val result = Matrix(entries.count, 2 * size)
        for (row in 0 until entries.count) {
            for (column in 0 until shape.numbers) {
                result[row, column] = entries.numbers[row, column]
                result[row, size + column] = entries.missing[row, column]
            }
            if (shape.factors > 0) {
                result[row, shape.numbers] = likeness[row, 0]
                result[row, size + shape.numbers] = likeness[row, 1]
            }
        }
        return result
    }

    private fun small(numbers: Matrix): Matrix = weights.linear("numbers.2", geluAll(weights.linear("numbers.0", numbers)))

    private fun map(matrix: Matrix, each: (Float) -> Float) {
        for (index in matrix.values.indices) matrix.values[index] = each(matrix.values[index])
    }

    override fun close() = Unit
}
