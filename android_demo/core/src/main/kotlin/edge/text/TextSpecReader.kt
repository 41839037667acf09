package edge.text

import edge.EdgeError
import edge.json.JsonError
import edge.json.JsonReader

private val SPEC_KEYS = setOf(
    "profile", "item", "event", "context", "numbers", "max_events", "max_segment_tokens", "max_user_tokens", "lowercase",
    "schema",
)
private val NUMBER_KEYS = setOf(
    "name", "of", "history", "minus", "where", "last", "same", "over", "smoothing", "prior", "transform", "mean", "spread",
)

/** The specification in a `text.json`. Errors: no strict JSON, an unknown key, a value that cannot be. */
internal fun readTextSpec(bytes: ByteArray): TextSpec {
    val value = try {
        JsonReader.readStrictly(bytes)
    } catch (error: JsonError) {
        throw EdgeError("text.json is no text specification", error.message.orEmpty(), "export the bundle again")
    }
    val fields = Fields(value, "text.json", SPEC_KEYS)
    val schema = fields.text("schema", TEXT_SCHEMA)
    if (schema != TEXT_SCHEMA) {
        throw EdgeError("schema is ${shown(schema)}, this version reads $TEXT_SCHEMA", fix = "export the bundle again")
    }
    return TextSpec(
        fields.text("profile"),
        fields.text("item"),
        fields.text("event"),
        fields.text("context", ""),
        fields.list("numbers").mapIndexed { index, number -> numberOf(number, "numbers[$index]") },
        fields.count("max_events", 20),
        fields.count("max_segment_tokens", 32),
        fields.count("max_user_tokens", 192),
        fields.flag("lowercase", true),
    )
}

/** A number from decoded JSON. */
internal fun numberOf(value: Any?, path: String): NumberSpec {
    val fields = Fields(value, path, NUMBER_KEYS)
    return NumberSpec(
        fields.text("name"),
        fields.text("of", ""),
        fields.text("history", ""),
        fields.text("minus", ""),
        fields.text("where", ""),
        fields.integer("last", 0),
        fields.text("same", ""),
        fields.text("over", "mean"),
        fields.number("smoothing", 0.0) ?: fields.fail("smoothing"),
        fields.number("prior", null, nullable = true),
        fields.text("transform", ""),
        fields.number("mean", 0.0) ?: fields.fail("mean"),
        fields.number("spread", 1.0) ?: fields.fail("spread"),
    )
}

/** The values of one object, by key; errors name the key below the path. */
private class Fields(value: Any?, private val path: String, known: Set<String>) {
    private val values = value as? Map<*, *> ?: throw EdgeError("$path must be an object, not ${shown(value)}")

    init {
        for (key in values.keys) {
            if (key !in known) throw EdgeError("$path has an unknown key ${shown(key)}", fix = known.joinToString())
        }
    }

    fun text(key: String, default: String? = null): String {
        if (key !in values && default != null) return default
        return values[key] as? String ?: fail(key)
    }

    fun list(key: String): List<Any?> = if (key in values) values[key] as? List<*> ?: fail(key) else emptyList()

    fun integer(key: String, default: Long): Long = if (key in values) values[key] as? Long ?: fail(key) else default

    fun count(key: String, default: Int): Int {
        val value = integer(key, default.toLong())
        if (value !in 0..Int.MAX_VALUE) fail(key)
        return value.toInt()
    }

    fun flag(key: String, default: Boolean): Boolean =
        if (key in values) values[key] as? Boolean ?: fail(key) else default

    fun number(key: String, default: Double?, nullable: Boolean = false): Double? {
        if (key !in values) return default
        val value = values[key]
        if (value == null && nullable) return null
        return (value as? Number ?: fail(key)).toDouble()
    }

    fun fail(key: String): Nothing {
        if (key !in values) throw EdgeError("$path has no $key")
        throw EdgeError("$path: $key cannot be ${shown(values[key])}")
    }
}
