package edge.litert

import edge.bundle.ModelShape
import edge.engine.Entries
import edge.engine.Matrix
import edge.engine.NewPlaces
import edge.engine.Timeline
import edge.engine.apartOfNew

/** Appends entries in calls of the sizes that the model has; each looks at those before it (ENGINE.md, "append"). */
internal class Appending(private val graphs: Graphs, private val sizes: List<Int>, private val shape: ModelShape) {
    fun append(entries: Entries, profile: Boolean, timeline: Timeline): NewPlaces {
        val pieces = piecesOf(entries.count, sizes)
        if (pieces.size == 1) return one(entries, pieces[0].third, profile, timeline)
        val grown = timeline.copy()
        val parts = pieces.map { (begin, count, size) ->
            val first = profile && begin == 0
            one(entries.part(begin, count), size, first, grown).also { grown.append(it, count, first, FloatArray(count)) }
        }
        return joined(parts)
    }

    private fun one(entries: Entries, size: Int, profile: Boolean, timeline: Timeline): NewPlaces {
        val count = entries.count
        val graph = graphs["append_$size"]
        for ((name, matrix) in entries.arrays) graph.input(name)?.write(FloatArray(size * matrix.columns).also(matrix::copyInto))
        graph.input("events")?.write(FloatArray(size) { if (it >= count || (profile && it == 0)) 0f else 1f })
        graph.input("keys")?.write(*timeline.keys)
        graph.input("values")?.write(*timeline.values)
        graph.input("apart")?.write(apart(timeline, count, size))
        graph.run()
        return NewPlaces(
            states(graph, "new_keys", count, size), states(graph, "new_values", count, size),
            rows(graph, "new_match_keys", count, shape.matchSize), rows(graph, "new_gates", count, shape.matchHeads),
            rows(graph, "new_said", count, shape.matchHeads), rows(graph, "new_factors", count, shape.factors),
        )
    }

    /** (size, place + size): padding is seen by nobody. */
    private fun apart(timeline: Timeline, count: Int, size: Int): IntArray {
        val columns = shape.places + size
        val padded = IntArray(size * columns) { shape.distances }
        apartOfNew(shape.places, shape.distances, timeline.entries, count).forEachIndexed { row, of -> of.copyInto(padded, row * columns) }
        return padded
    }

    /** (L, A, size, H / A) without the padding, by layer. */
    private fun states(graph: Graph, name: String, count: Int, size: Int): Array<FloatArray> = Array(shape.interactLayers) { layer ->
        val width = shape.hidden / shape.heads
        val of = FloatArray(count * shape.hidden)
        val rows = FloatArray(count * width)
        for (head in 0 until shape.heads) {
            graph.output(name).read((layer * shape.heads + head) * size * width, rows)
            rows.copyInto(of, head * count * width)
        }
        of
    }

    private fun rows(graph: Graph, name: String, count: Int, columns: Int): Matrix =
        Matrix(count, columns).also { if (columns > 0) graph.output(name).read(0, it.values) }

    /** One after another; keys and values by head. */
    private fun joined(parts: List<NewPlaces>): NewPlaces {
        val width = shape.hidden / shape.heads
        fun states(of: (NewPlaces) -> Array<FloatArray>) = Array(shape.interactLayers) { layer ->
            val heads = (0 until shape.heads).flatMap { head ->
                parts.map { part -> part.gates.rows * width to of(part)[layer] }.map { (size, all) -> all.copyOfRange(head * size, (head + 1) * size) }
            }
            concatenated(heads)
        }
        fun rows(of: (NewPlaces) -> Matrix) =
            Matrix(parts.sumOf { of(it).rows }, of(parts[0]).columns, concatenated(parts.map { of(it).values }))
        return NewPlaces(
            states { it.keys }, states { it.values }, rows { it.matchKeys }, rows { it.gates }, rows { it.said }, rows { it.factors },
        )
    }
}

private fun concatenated(parts: List<FloatArray>): FloatArray {
    val result = FloatArray(parts.sumOf { it.size })
    var begin = 0
    for (part in parts) begin += part.size.also { part.copyInto(result, begin) }
    return result
}
