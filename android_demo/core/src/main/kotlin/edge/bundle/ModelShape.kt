package edge.bundle

import edge.EdgeError

private const val MOST_KEPT = 1L shl 26

/** The sizes of a model (ENGINE.md, "Sizes"), as the manifest names them. */
internal class ModelShape(
    @JvmField val hidden: Int,
    @JvmField val heads: Int,
    @JvmField val encodeDepths: List<Int>,
    @JvmField val interactLayers: Int,
    @JvmField val positions: Int,
    @JvmField val places: Int,
    @JvmField val numbers: Int,
    @JvmField val distances: Int,
    @JvmField val matchSize: Int,
    @JvmField val matchHeads: Int,
    @JvmField val factors: Int,
    @JvmField val vocabulary: Int,
    @JvmField val value: String,
) {
    /** How often a phrase is encoded, whatever the depth of a request. */
    val phraseDepth: Int get() = minOf(1, encodeDepths.last())
}

/** Errors: sizes that no model can have. */
internal fun shapeOf(values: ManifestValues): ModelShape {
    fun size(key: String, least: Long, most: Long) = values.count(key, least, most).toInt()
    val shape = ModelShape(
        size("hidden", 1, 65_536), size("heads", 1, 1_000), depthsOf(values.list("encode_depths")),
        size("interact_layers", 0, 1_000), size("positions", 1, 1_024), size("places", 1, 16_384), size("numbers", 0, 64),
        size("distances", 2, 1_024), size("match_size", 1, 65_536), size("match_heads", 1, 1_000),
        size("factors", 0, 65_536), size("vocabulary", 1, LARGEST_COUNT), values.string("value"),
    )
    if (shape.hidden % shape.heads != 0) values.fail("heads", "a divisor of ${shape.hidden}")
    if (shape.interactLayers.toLong() * shape.hidden * shape.places > MOST_KEPT) values.fail("places", "fewer")
    if (shape.value != "rating" && shape.value != "liked") values.fail("value", "rating or liked")
    values.optional("parameters") { values.count(it, 1) }
    values.optional("nonzero") { key ->
        values.count(key, 0, if ("parameters" in values) values.count("parameters") else LARGEST_COUNT)
    }
    values.optional("precision") { values.text(it) }
    return shape
}

private fun depthsOf(values: List<Any?>): List<Int> {
    val depths = values.map { (it as? Long)?.takeIf { depth -> depth in 0..1_000 }?.toInt() ?: fail() }
    if (depths.size !in 1..16 || depths.zipWithNext().any { (low, high) -> low >= high }) fail()
    return depths
}

private fun fail(): Nothing = throw EdgeError("model.encode_depths must be 1 to 16 ascending integers from 0 to 1000")
