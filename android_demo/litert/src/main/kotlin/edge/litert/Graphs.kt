package edge.litert

/** A signature and its buffers by name. */
internal class Graph(
    private val model: LiteRtModel,
    private val signature: String,
    private val inputs: Map<String, LiteRtBuffer>,
    private val outputs: Map<String, LiteRtBuffer>,
) {
    private val runs = HashMap<Pair<LiteRtBuffer?, LiteRtBuffer?>, LiteRtRun>()

    /** An input; null if the signature takes none of that name. */
    fun input(name: String): LiteRtBuffer? = inputs[name]

    fun output(name: String): LiteRtBuffer = outputs.getValue(name)

    /** With another buffer in the place of the input `hidden`, or of the output `stepped`. */
    fun run(hidden: LiteRtBuffer? = null, stepped: LiteRtBuffer? = null) {
        val run = runs.getOrPut(hidden to stepped) {
            val given = if (hidden == null) inputs else inputs + ("hidden" to hidden)
            val taken = if (stepped == null) outputs else outputs + ("stepped" to stepped)
            model.run(signature, given, taken)
        }
        run.run()
    }
}

/**
 * The graphs of a model. Buffers are made when a signature is first used: one for every name and size, whichever signatures have
 * it, so that what is written for one is there for another. For one thread at a time.
 */
internal class Graphs(private val model: LiteRtModel, private val buckets: Buckets) {
    private val graphs = HashMap<String, Graph>()
    private val buffers = HashMap<Triple<String, List<Int>, Boolean>, LiteRtBuffer>()

    operator fun get(signature: String): Graph = graphs.getOrPut(signature) {
        val arrays = buckets.arrays(signature)
        val (inputs, outputs) = listOf(arrays.inputs to false, arrays.outputs to true).map { (extentsOf, output) ->
            extentsOf.mapValues { (name, extents) ->
                buffers.getOrPut(Triple(name, extents, output)) { model.buffer(signature, name, output) }
            }
        }
        Graph(model, signature, inputs, outputs)
    }

    fun close() {
        for (buffer in buffers.values) buffer.close()
        model.close()
    }
}
