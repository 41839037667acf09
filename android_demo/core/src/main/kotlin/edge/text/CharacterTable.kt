package edge.text

import edge.EdgeError
import edge.json.JsonReader
import java.security.MessageDigest

private const val RESOURCE = "/edge/text/characters.json"
private const val SHA256 = "9d3918025c046684b0c1de5e670e050b42f6a344e04e768b32bc91e6697baa8f"

/** A set of code points as inclusive ranges, ascending. */
internal class CodePoints(ranges: List<List<Int>>) {
    private val firsts = IntArray(ranges.size) { ranges[it][0] }
    private val lasts = IntArray(ranges.size) { ranges[it][1] }

    operator fun contains(point: Int): Boolean {
        var low = 0
        var high = firsts.size
        while (low < high) {
            val middle = (low + high) / 2
            if (lasts[middle] < point) low = middle + 1 else high = middle
        }
        return low < firsts.size && firsts[low] <= point
    }
}

/** `characters.json`, the tables of SPEC.md, section 5; the platform's Unicode data is never asked. */
internal class CharacterTable private constructor(json: Map<String, Any?>) {
    val removed = CodePoints(ranges(json["removed"]))
    val spaces = CodePoints(ranges(json["spaces"]))
    val ideographs = CodePoints(ranges(json["ideographs"]))
    val dropped = CodePoints(ranges(json["dropped"]))
    val walls = CodePoints(ranges(json["walls"]))
    val punctuation = CodePoints(ranges(json["punctuation"]))
    private val folded = HashMap<Int, String>()
    private val order = HashMap<Int, Int>()

    init {
        for ((point, replacement) in json["folded"] as Map<*, *>) {
            folded[(point as String).toInt(16)] = replacement as String
        }
        for ((group, list) in (json["order"] as List<*>).withIndex()) {
            for ((first, last) in ranges(list)) for (point in first..last) order[point] = group
        }
    }

    /** What replaces a code point in lower case, or null. */
    fun fold(point: Int): String? = folded[point]

    /** The index of a mark's group, or -1. */
    fun group(point: Int): Int = order[point] ?: -1

    internal companion object {
        /** Read once, when a text is first normalised. */
        val shared: CharacterTable by lazy { CharacterTable(read()) }

        @Suppress("UNCHECKED_CAST")
        private fun read(): Map<String, Any?> {
            val stream = CharacterTable::class.java.getResourceAsStream(RESOURCE)
                ?: throw EdgeError("the resource $RESOURCE is not in the app", fix = "keep Java resources when you shrink")
            val bytes = stream.use { it.readBytes() }
            val digest = hexOf(MessageDigest.getInstance("SHA-256").digest(bytes))
            if (digest != SHA256) throw EdgeError("the resource $RESOURCE was changed", "SHA-256 $digest")
            return JsonReader.readStrictly(bytes) as Map<String, Any?>
        }
    }
}

private fun ranges(value: Any?): List<List<Int>> =
    (value as List<*>).map { range -> (range as List<*>).map { (it as Long).toInt() } }

/** Two lower-case hex digits for each byte. */
internal fun hexOf(bytes: ByteArray): String {
    val digits = "0123456789abcdef"
    val hex = StringBuilder(2 * bytes.size)
    for (byte in bytes) hex.append(digits[byte.toInt() shr 4 and 15]).append(digits[byte.toInt() and 15])
    return hex.toString()
}
