package edge.litert

import edge.EdgeError
import edge.bundle.ModelShape
import edge.engine.Signature
import edge.engine.signatureOf

/** The sizes of a model's graphs by entry point, from the names that the manifest lists, e.g. "score_2_64". */
internal class Buckets(names: List<String>, private val shape: ModelShape) {
    private val sizes: Map<String, List<List<Int>>>
    private val signatures: Map<String, Signature>

    init {
        val needed = setOf("embed", "summarise", "append", "score") + if (shape.encodeDepths.last() > 0) setOf("encode") else setOf()
        val named = names.associateWith(::parsed).filterValues { (entry, _) -> entry in needed }
        signatures = named.mapValues { (name, bucket) ->
            signatureOf(bucket.first, bucket.second, shape) ?: throw refused("$name is none of its signatures")
        }
        sizes = named.values.groupBy({ it.first }, { it.second }).mapValues { (_, all) -> all.sortedWith(compareBy({ it[0] }, { it.last() })) }
        val missing = (needed - sizes.keys) + setOf(0, shape.interactLayers).filter { candidates(it).isEmpty() }.map { "score_$it" }
        if (missing.isNotEmpty()) throw refused("no signature for: ${missing.joinToString()}")
        val chunks = sizes.filterKeys { it in setOf("embed", "encode", "summarise") }.mapValues { it.value.last().last() }
        if (chunks.values.toSet().size > 1) throw refused("its entry points hold chunks of $chunks tokens")
    }

    val names: Set<String> get() = signatures.keys

    /** The S and T of `summarise`. */
    val chunk: List<Int> get() = sizes.getValue("summarise").last()

    val encode: List<Int> = (sizes["encode"] ?: sizes.getValue("embed")).map { it[0] }
    val append: List<Int> = sizes.getValue("append").map { it[0] }

    /** Of the graph that scores at a depth. */
    fun candidates(depth: Int): List<Int> =
        sizes["score"].orEmpty().filter { it[0] == if (depth > 0) shape.interactLayers else 0 }.map { it[1] }

    fun arrays(name: String): Signature = signatures.getValue(name)

    /** Errors: an array is missing in the model, or has another size than the manifest's. */
    fun check(model: LiteRtModel) {
        for ((name, signature) in signatures) {
            for ((arrays, output) in listOf(signature.inputs to false, signature.outputs to true)) {
                for ((array, wanted) in arrays) {
                    val found = model.extents(name, array, output)
                    if (found != wanted) throw refused("$array of $name is ${found ?: "absent"}, not $wanted")
                }
            }
        }
    }

    private fun parsed(name: String): Pair<String, List<Int>> = name.split('_').let { it[0] to it.drop(1).map(String::toInt) }

    private fun refused(evidence: String) =
        EdgeError("model.tflite is not the model that the manifest describes", evidence, "export the bundle again")
}

/** Rows in calls of ascending [sizes]: the largest again and again, then one that fits the rest; (begin, rows, size) of each. */
internal fun piecesOf(rows: Int, sizes: List<Int>): List<Triple<Int, Int, Int>> = (0 until rows step sizes.last()).map { begin ->
    val count = minOf(sizes.last(), rows - begin)
    Triple(begin, count, sizes.first { it >= count })
}
