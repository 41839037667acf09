package edge.litert

import edge.EdgeError
import edge.bundle.ModelShape
import edge.engine.Chunk
import edge.engine.Engine
import edge.engine.Entries
import edge.engine.Matrix
import edge.engine.NewPlaces
import edge.engine.Timeline
import edge.engine.apart

/**
 * Runs `model.tflite`: static shapes, so that what is computed is padded to a bucket (ENGINE.md, "Sizes").
 *
 * Candidates do not see one another: in the place of padding stand those of an earlier call.
 */
internal class LiteRtEngine(private val model: LiteRtModel, private val buckets: Buckets, override val shape: ModelShape) : Engine {
    override val name = "litert"
    override val chunkSegments = buckets.chunk[0]
    override val chunkTokens = buckets.chunk[1]
    private val graphs = Graphs(model, buckets)
    private val appending = Appending(graphs, buckets.append, shape)

    override fun paddedTokens(tokens: Int): Int = buckets.encode.firstOrNull { it >= tokens }
        ?: throw EdgeError("a chunk of $tokens tokens, the model's largest bucket holds $chunkTokens")

    override fun paddedCandidates(count: Int, depth: Int): Int = piecesOf(count, buckets.candidates(depth)).sumOf { it.third }

    override fun summarise(segments: List<IntArray>, depth: Int): List<FloatArray> = running {
        val chunk = Chunk(segments, shape.positions)
        paddedTokens(chunk.tokens) // or it is refused
        val embed = graphs["embed_$chunkTokens"]
        embed.input("ids")?.write(chunk.ids(chunkTokens))
        embed.input("positions")?.write(chunk.positions(chunkTokens))
        embed.run()
        val hidden = if (depth > 0) encode(embed.output("hidden"), chunk, depth) else embed.output("hidden")
        val summarise = graphs["summarise_${chunkSegments}_$chunkTokens"]
        summarise.input("weights")?.write(chunk.weights(chunkSegments, chunkTokens))
        summarise.run(hidden = hidden)
        val summaries = summarise.output("summaries")
        List(chunk.segments) { row -> FloatArray(shape.hidden).also { summaries.read(row * shape.hidden, it) } }
    }

    /** States go to and fro between two buffers; a smaller bucket has its own two, and gives its rows back. */
    private fun encode(hidden: LiteRtBuffer, chunk: Chunk, depth: Int): LiteRtBuffer {
        val tokens = paddedTokens(chunk.tokens)
        val graph = graphs["encode_$tokens"]
        graph.input("mask")?.write(chunk.mask(tokens))
        val smaller = tokens < chunkTokens
        var now = if (smaller) graph.input("hidden")!! else hidden
        var then = graph.output("stepped")
        val rows = FloatArray(if (smaller) tokens * shape.hidden else 0)
        if (smaller) now.write(rows.also { hidden.read(0, it) })
        repeat(depth) {
            graph.run(hidden = now, stepped = then)
            now = then.also { then = now }
        }
        if (!smaller) return now
        return hidden.apply { write(rows.also { now.read(0, it) }) }
    }

    override fun append(entries: Entries, profile: Boolean, timeline: Timeline): NewPlaces = running {
        appending.append(entries, profile, timeline)
    }

    override fun score(candidates: Entries, timeline: Timeline, depth: Int): FloatArray = running {
        val layers = if (depth > 0) shape.interactLayers else 0
        val logits = FloatArray(candidates.count)
        for ((begin, count, size) in piecesOf(candidates.count, buckets.candidates(depth))) {
            val graph = graphs["score_${layers}_$size"]
            if (begin == 0) write(timeline, graph) // the buffers of all sizes are the same
            for ((name, matrix) in candidates.arrays) {
                graph.input(name)?.write(matrix.values, matrix.at(begin), count * matrix.columns)
            }
            graph.run()
            val found = FloatArray(count).also { graph.output("logits").read(depth * size, it) }
            found.copyInto(logits, begin)
        }
        logits
    }

    private fun write(timeline: Timeline, graph: Graph) {
        graph.input("keys")?.write(*timeline.keys)
        graph.input("values")?.write(*timeline.values)
        graph.input("match_keys")?.write(timeline.matchKeys.values)
        graph.input("gates")?.write(timeline.gates.values)
        graph.input("said")?.write(timeline.said.values)
        graph.input("factors")?.write(timeline.factors.values)
        graph.input("events")?.write(timeline.events)
        graph.input("liked")?.write(timeline.liked)
        graph.input("apart")?.write(apart(shape.places, shape.distances, timeline.entries))
    }

    override fun close() = graphs.close()
}

/** The arrays of rows by name. */
internal val Entries.arrays: List<Pair<String, Matrix>>
    get() = listOf("items" to items, "phrases" to phrases, "numbers" to numbers, "missing" to missing)

private fun <T> running(action: () -> T): T = try {
    action()
} catch (error: IllegalStateException) {
    throw EdgeError("LiteRT fails", error.message.orEmpty())
}
