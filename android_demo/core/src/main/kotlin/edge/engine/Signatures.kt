package edge.engine

import edge.bundle.ModelShape

/** A size that each call chooses. */
internal const val ANY = -1

/** The sizes of an entry point's arrays by name, in the order of ENGINE.md; without those of no element. */
internal class Signature(inputs: Map<String, List<Int>>, outputs: Map<String, List<Int>>) {
    val inputs = inputs.filterValues { 0 !in it }
    val outputs = outputs.filterValues { 0 !in it }
}

/** The arrays of an entry point for the [sizes] of a bucket, e.g. those of "score_2_64"; null if there is no such entry point. */
internal fun signatureOf(entry: String, sizes: List<Int>, shape: ModelShape): Signature? {
    val size = sizes.lastOrNull() ?: return null
    val wide = listOf(size, shape.hidden)
    return when ("$entry/${sizes.size}") {
        "embed/1" -> Signature(mapOf("ids" to listOf(size), "positions" to listOf(size)), mapOf("hidden" to wide))
        "encode/1" -> Signature(mapOf("hidden" to wide, "mask" to listOf(size, size)), mapOf("stepped" to wide))
        "summarise/2" -> Signature(
            mapOf("hidden" to wide, "weights" to sizes), mapOf("summaries" to listOf(sizes[0], shape.hidden)),
        )
        "append/1" -> appendOf(size, shape)
        "score/2" -> scoreOf(sizes[0], size, shape)
        else -> null
    }
}

private fun appendOf(size: Int, shape: ModelShape): Signature {
    val rows = rowsOf(size, shape) + mapOf("events" to listOf(size))
    val columns = if (size == ANY) ANY else shape.places + size
    val inputs = when (shape.interactLayers) {
        0 -> rows.filterKeys { it == "items" || it == "phrases" }
        1 -> rows // at the last layer no new entry looks at others
        else -> rows + statesOf(shape) + mapOf("apart" to listOf(size, columns))
    }
    val states = statesOf(shape).mapValues { (_, extents) -> listOf(extents[0], extents[1], size, extents[3]) }
    val outputs = states + keptOf(shape).mapValues { (_, extents) -> listOf(size, extents[1]) }
    return Signature(inputs, outputs.mapKeys { "new_${it.key}" })
}

private fun scoreOf(depth: Int, size: Int, shape: ModelShape): Signature? {
    if (depth != 0 && depth != shape.interactLayers) return null
    val events = mapOf("events" to listOf(shape.places), "liked" to listOf(if (shape.factors > 0) shape.places else 0))
    val logits = mapOf("logits" to listOf(depth + 1, size))
    val rows = rowsOf(size, shape)
    if (depth == 0) return Signature(rows + keptOf(shape) + events, logits)
    return Signature(rows + statesOf(shape) + keptOf(shape) + events + mapOf("apart" to listOf(shape.places)), logits)
}

private fun rowsOf(size: Int, shape: ModelShape): Map<String, List<Int>> {
    val few = listOf(size, shape.numbers)
    return mapOf("items" to listOf(size, shape.hidden), "phrases" to listOf(size, shape.hidden), "numbers" to few, "missing" to few)
}

private fun statesOf(shape: ModelShape): Map<String, List<Int>> {
    val byHead = listOf(shape.interactLayers, shape.heads, shape.places, shape.hidden / shape.heads)
    return mapOf("keys" to byHead, "values" to byHead)
}

private fun keptOf(shape: ModelShape): Map<String, List<Int>> = mapOf(
    "match_keys" to listOf(shape.places, shape.matchSize), "gates" to listOf(shape.places, shape.matchHeads),
    "said" to listOf(shape.places, shape.matchHeads), "factors" to listOf(shape.places, shape.factors),
)
