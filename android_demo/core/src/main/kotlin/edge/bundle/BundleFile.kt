package edge.bundle

import edge.EdgeError
import edge.text.shown
import edge.weights.Hole

internal const val MANIFEST = "manifest.json"
internal const val WEIGHTS = "weights.bin"
internal val ENGINES = listOf("litert", "onnx", "coreml")
private val COMMON = mapOf("text.json" to "text", "vocab.txt" to "vocabulary", "golden.jsonl" to "golden", WEIGHTS to "weights")
private val FORMS = setOf(
    "rows", "columns+128", "nibbles", "mask", "nonzeros", "nonzero-nibbles", "sums", "float32", "float16",
)
private val KEYS = setOf("path", "bytes", "sha256", "section")

/** A file as the manifest lists it: [bytes] and [sha256] are those of the whole file, with its holes filled. */
internal class BundleFile(
    @JvmField val path: String,
    @JvmField val bytes: Long,
    @JvmField val sha256: String,
    @JvmField val section: String,
    @JvmField val holes: List<Hole>,
)

/** The section of a file by its path, null if it has no place in a bundle. */
private fun sectionOf(path: String): String? =
    ENGINES.firstOrNull { path.startsWith("models/$it.") || path.startsWith("models/$it/") }?.let { "model:$it" } ?: COMMON[path]

/** The files of a manifest. Errors: one without a place, one twice, no text, vocabulary, golden requests or model. */
internal fun filesOf(values: List<Any?>): List<BundleFile> {
    val files = values.mapIndexed { index, value -> fileOf(ManifestValues.of("files[$index]", value)) }
    val sections = files.map { it.section }.toSet()
    if (files.map { it.path }.toSet().size < files.size) throw EdgeError("the manifest lists a file twice")
    for (section in listOf("text", "vocabulary", "golden")) {
        if (section !in sections) throw EdgeError("the manifest lists no file of $section")
    }
    if (sections.none { it.startsWith("model:") }) throw EdgeError("the manifest lists no model")
    if ("weights" !in sections && files.any { it.holes.isNotEmpty() }) {
        throw EdgeError("the manifest lists holes, but no $WEIGHTS to fill them")
    }
    return files
}

private fun fileOf(values: ManifestValues): BundleFile {
    val keys = values.keys - "holes"
    if (keys != KEYS) throw EdgeError("a file of the manifest has other keys than ${KEYS.joinToString()} and holes")
    val path = values.string("path")
    val section = sectionOf(path) ?: throw EdgeError("${shown(path)} has no place in a bundle")
    if (values.string("section") != section) throw EdgeError("${shown(path)} does not belong to its section")
    val sha256 = values.string("sha256")
    if (sha256.length != DIGEST_DIGITS || !sha256.all { it in '0'..'9' || it in 'a'..'f' }) values.fail("sha256", "64 hex digits")
    val holes = if ("holes" in values) values.list("holes").map(::holeOf) else emptyList()
    if (holes.isNotEmpty() && !section.startsWith("model:")) values.fail("holes", "absent: only models have holes")
    return BundleFile(path, values.count("bytes"), sha256, section, holes)
}

private fun holeOf(value: Any?): Hole {
    val parts = value as? List<*>
    val offset = parts?.getOrNull(0) as? Long
    val tensor = parts?.getOrNull(1) as? String
    val form = parts?.getOrNull(2) as? String
    if (parts?.size != 3 || offset == null || offset !in 0..LARGEST_COUNT || tensor == null || form !in FORMS) {
        throw EdgeError("a hole must be [offset, tensor, form], not ${shown(value)}")
    }
    return Hole(offset, tensor, form!!)
}
