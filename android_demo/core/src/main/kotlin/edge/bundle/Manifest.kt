package edge.bundle

import edge.EdgeError
import edge.json.JsonError
import edge.json.JsonReader
import edge.text.shown

internal const val BUNDLE_SCHEMA = "edge-ranker/bundle/6"
private const val LARGEST_TOLERANCE = 10.0
private const val MOST_BUCKETS = 12
private val STATIC = listOf("litert", "coreml")
private val SIZES = mapOf("embed" to 1, "encode" to 1, "summarise" to 2, "append" to 1, "score" to 2)

/** What a bundle says of itself (BUNDLE.md, section 2). */
internal class Manifest(
    @JvmField val name: String,
    @JvmField val shape: ModelShape,
    @JvmField val exits: List<MeasuredExit>,
    @JvmField val tolerance: Double,
    @JvmField val tolerances: Map<String, Double>,
    @JvmField val files: List<BundleFile>,
    /** By engine, the names of its graphs. */
    @JvmField val buckets: Map<String, List<String>>,
)

/** Errors: no JSON, another schema, or what breaks a rule. */
internal fun manifestOf(bytes: ByteArray): Manifest {
    val json = try {
        JsonReader.readStrictly(bytes)
    } catch (error: JsonError) {
        throw EdgeError("$MANIFEST is not valid JSON", error.message.orEmpty())
    }
    val values = ManifestValues.of("manifest", json)
    checkSchema(values.raw("schema"))
    val shape = shapeOf(values.objectAt("model"))
    val files = filesOf(values.list("files"))
    val buckets = bucketsOf(values.objectAt("buckets"), files.map { it.section }.toSet())
    val golden = values.objectAt("golden")
    golden.optional("reference") { golden.text(it) }
    checkFacts(values)
    return Manifest(
        nameOf(values), shape, exitsOf(values.list("exits"), shape.encodeDepths, shape.interactLayers),
        golden.number("tolerance", 0.0, LARGEST_TOLERANCE), tolerancesOf(golden), files,
        buckets,
    )
}

private fun checkSchema(schema: Any?) {
    if (schema == BUNDLE_SCHEMA) return
    val number = (schema as? String)?.removePrefix("edge-ranker/bundle/")?.toIntOrNull()
    val fix = when {
        number == null -> "give an .edge file"
        number < BUNDLE_SCHEMA.substringAfterLast('/').toInt() -> "export the bundle again: it is older than this library"
        else -> "use a newer version of this library: it is older than the bundle"
    }
    throw EdgeError("its schema is ${shown(schema)}, this version reads $BUNDLE_SCHEMA", fix = fix)
}

private fun nameOf(values: ManifestValues): String {
    val name = values.string("name")
    fun isLetter(char: Char) = char in 'a'..'z' || char in 'A'..'Z' || char in '0'..'9'
    if (name.length !in 1..64 || !isLetter(name[0]) || !name.all { isLetter(it) || it in " ._-" }) {
        values.fail("name", "1 to 64 letters, digits, spaces, '.', '_' or '-'")
    }
    return name
}

private fun bucketsOf(buckets: ManifestValues, sections: Set<String>): Map<String, List<String>> {
    for (engine in buckets.keys) {
        val names = buckets.list(engine as String)
        if (engine !in STATIC) throw EdgeError("the manifest has buckets of ${shown(engine)}")
        if (names.size !in 1..MOST_BUCKETS || !names.all(::isBucket) || names.toSet().size < names.size) {
            buckets.fail(engine, "1 to $MOST_BUCKETS different names like encode_64")
        }
    }
    for (engine in STATIC) {
        if ("model:$engine" in sections && engine !in buckets) throw EdgeError("the manifest has no buckets of $engine")
    }
    return buckets.keys.associate { engine -> engine as String to buckets.list(engine).map { it as String } }
}

private fun isBucket(name: Any?): Boolean {
    if (name !is String || name.length > 64) return false
    val parts = name.split('_')
    return SIZES[parts[0]] == parts.size - 1 && parts.drop(1).all { size ->
        size.isNotEmpty() && size.all { it in '0'..'9' } && (size == "0" || size[0] != '0')
    }
}

private fun tolerancesOf(golden: ManifestValues): Map<String, Double> {
    if ("tolerances" !in golden) return emptyMap()
    val values = golden.objectAt("tolerances")
    return values.keys.associate { (it as String) to values.number(it, 0.0, LARGEST_TOLERANCE) }
}

private fun checkFacts(values: ManifestValues) {
    values.optional("runtimes") { key ->
        val runtimes = values.objectAt(key)
        for (engine in runtimes.keys) {
            if (engine !in ENGINES) throw EdgeError("the manifest has a runtime of ${shown(engine)}")
            runtimes.text(engine as String)
        }
    }
    val provenance = values.objectAt("provenance")
    for (key in listOf("run", "weights", "protocol", "code")) provenance.optional(key) { provenance.text(it) }
    provenance.optional("dataset") { key ->
        val dataset = provenance.objectAt(key)
        for (text in listOf("name", "fingerprint")) dataset.optional(text) { dataset.text(it) }
        for (count in listOf("users", "items")) dataset.optional(count) { dataset.count(it) }
        dataset.optional("files") { texts -> dataset.objectAt(texts).let { files -> files.keys.forEach { files.text(it as String) } } }
        dataset.optional("rows") { counts -> dataset.objectAt(counts).let { rows -> rows.keys.forEach { rows.count(it as String) } } }
    }
}
