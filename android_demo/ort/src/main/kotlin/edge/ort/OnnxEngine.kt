package edge.ort

import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtException
import ai.onnxruntime.OrtSession
import edge.EdgeError
import edge.bundle.ModelShape
import edge.engine.Chunk
import edge.engine.Engine
import edge.engine.Entries
import edge.engine.Matrix
import edge.engine.NewPlaces
import edge.engine.Timeline
import edge.engine.apart
import edge.engine.apartOfNew

/** A session for each entry point; sizes are dynamic, so nothing is padded but the timeline (ENGINE.md, "Sizes"). */
internal class OnnxEngine(private val sessions: Map<String, OrtSession>, override val shape: ModelShape) : Engine {
    override val name = "onnx"
    override val chunkTokens = 256
    override val chunkSegments = 64
    private val tensors = Tensors()
    private val layers = shape.interactLayers

    override fun paddedTokens(tokens: Int) = tokens

    override fun paddedCandidates(count: Int, depth: Int) = count

    /** Hidden states stay ONNX Runtime's: the result of one call is the input of the next. */
    override fun summarise(segments: List<IntArray>, depth: Int): List<FloatArray> {
        val chunk = Chunk(segments, shape.positions)
        val tokens = chunk.tokens
        tensors.ints("ids", tokens) { it.put(chunk.ids(tokens)) }
        tensors.ints("positions", tokens) { it.put(chunk.positions(tokens)) }
        var result = run("embed")
        try {
            if (depth > 0) tensors.floats("mask", tokens, tokens) { it.put(chunk.mask(tokens)) }
            repeat(depth) { result = run("encode", result) }
            tensors.floats("weights", chunk.segments, tokens) { it.put(chunk.weights(chunk.segments, tokens)) }
            result = run("summarise", result)
            val summaries = floats(result, "summaries")
            return List(chunk.segments) { FloatArray(shape.hidden).also(summaries::get) }
        } finally {
            result.close()
        }
    }

    override fun append(entries: Entries, profile: Boolean, timeline: Timeline): NewPlaces {
        val count = entries.count
        write(entries)
        tensors.floats("events", count) { events -> repeat(count) { events.put(if (profile && it == 0) 0f else 1f) } }
        if (layers > 1) {
            writeStates(timeline)
            tensors.ints("apart", count, shape.places + count) { apart ->
                for (row in apartOfNew(shape.places, shape.distances, timeline.entries, count)) apart.put(row)
            }
        }
        return run("append").use { result ->
            fun matrix(name: String, columns: Int) =
                Matrix(count, columns).also { if (columns > 0) floats(result, name).get(it.values) }
            NewPlaces(
                states(result, "new_keys", count), states(result, "new_values", count), matrix("new_match_keys", shape.matchSize),
                matrix("new_gates", shape.matchHeads), matrix("new_said", shape.matchHeads), matrix("new_factors", shape.factors),
            )
        }
    }

    override fun score(candidates: Entries, timeline: Timeline, depth: Int): FloatArray {
        write(candidates)
        tensors.floats("match_keys", shape.places, shape.matchSize) { it.put(timeline.matchKeys.values) }
        tensors.floats("gates", shape.places, shape.matchHeads) { it.put(timeline.gates.values) }
        tensors.floats("said", shape.places, shape.matchHeads) { it.put(timeline.said.values) }
        tensors.floats("factors", shape.places, shape.factors) { it.put(timeline.factors.values) }
        tensors.floats("events", shape.places) { it.put(timeline.events) }
        tensors.floats("liked", shape.places) { it.put(timeline.liked) }
        if (depth > 0) {
            writeStates(timeline)
            tensors.ints("apart", shape.places) { it.put(apart(shape.places, shape.distances, timeline.entries)) }
        }
        return run("score_${if (depth > 0) layers else 0}").use { result ->
            val logits = floats(result, "logits")
            logits.position(depth * candidates.count)
            FloatArray(candidates.count).also { logits.get(it) }
        }
    }

    override fun close() {
        for (session in sessions.values) session.close()
        tensors.close()
    }

    private fun write(entries: Entries) {
        val (count, few) = entries.count to shape.numbers
        tensors.floats("items", count, shape.hidden) { it.put(entries.items.values, entries.items.begin, entries.items.size) }
        tensors.floats("phrases", count, shape.hidden) { it.put(entries.phrases.values, entries.phrases.begin, entries.phrases.size) }
        tensors.floats("numbers", count, few) { it.put(entries.numbers.values, entries.numbers.begin, entries.numbers.size) }
        tensors.floats("missing", count, few) { it.put(entries.missing.values, entries.missing.begin, entries.missing.size) }
    }

    private fun writeStates(timeline: Timeline) {
        val width = shape.hidden / shape.heads
        for ((name, arrays) in listOf("keys" to timeline.keys, "values" to timeline.values)) {
            tensors.floats(name, layers, shape.heads, shape.places, width) { for (layer in arrays) it.put(layer) }
        }
    }

    private fun states(result: OrtSession.Result, name: String, count: Int): Array<FloatArray> {
        if (layers == 0) return emptyArray()
        val values = floats(result, name)
        return Array(layers) { FloatArray(count * shape.hidden).also(values::get) }
    }

    private fun floats(result: OrtSession.Result, name: String) = (result.get(name).get() as OnnxTensor).floatBuffer

    /** Those of the written tensors that the entry point takes; `hidden` is the one result of the call before, then closed. */
    private fun run(entry: String, before: OrtSession.Result? = null): OrtSession.Result {
        val session = sessions.getValue(entry)
        try {
            val inputs = session.inputNames.associateWith { name ->
                if (name == "hidden" && before != null) before.get(0) as OnnxTensor else tensors[name]
            }
            return session.run(inputs).also { before?.close() }
        } catch (error: OrtException) {
            throw EdgeError("ONNX Runtime fails in $entry", error.message.orEmpty())
        }
    }
}
