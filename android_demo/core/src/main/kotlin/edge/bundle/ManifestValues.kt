package edge.bundle

import edge.EdgeError
import edge.text.shown

internal const val LARGEST_COUNT = 1L shl 30
private const val MOST_TEXT = 10_000

/** The values of one object of the manifest; what breaks a rule is refused by its path. */
internal class ManifestValues private constructor(private val path: String, private val values: Map<*, *>) {
    val keys: Set<*> get() = values.keys

    operator fun contains(key: String): Boolean = key in values

    fun count(key: String, least: Long = 0, most: Long = LARGEST_COUNT): Long {
        val value = values[key]
        if (value !is Long || value !in least..most) fail(key, "an integer from $least to $most")
        return value
    }

    fun number(key: String): Double = (values[key] as? Number ?: fail(key, "a number")).toDouble()

    fun number(key: String, least: Double, most: Double): Double {
        val value = number(key)
        return if (value in least..most) value else fail(key, "a number from $least to $most")
    }

    fun string(key: String): String = values[key] as? String ?: fail(key, "text")

    /** 1 to 10,000 characters, not white space alone. */
    fun text(key: String): String {
        val value = string(key)
        if (Character.codePointCount(value, 0, value.length) !in 1..MOST_TEXT || value.all { it in '\t'..'\r' || it == ' ' }) {
            fail(key, "text of 1 to $MOST_TEXT characters")
        }
        return value
    }

    fun list(key: String): List<Any?> = values[key] as? List<*> ?: fail(key, "a list")

    fun objectAt(key: String): ManifestValues = of("$path.$key", values[key])

    inline fun optional(key: String, check: (String) -> Unit) {
        if (key in values) check(key)
    }

    fun raw(key: String): Any? = values[key]

    fun fail(key: String, wanted: String): Nothing =
        throw EdgeError("$path.$key must be $wanted, not ${if (key in values) shown(values[key]) else "absent"}")

    internal companion object {
        fun of(path: String, value: Any?): ManifestValues =
            ManifestValues(path, value as? Map<*, *> ?: throw EdgeError("$path must be an object"))
    }
}
