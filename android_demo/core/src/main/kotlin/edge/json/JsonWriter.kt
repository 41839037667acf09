package edge.json

import edge.text.decimalOf

/** JSON in ASCII: strings with escapes, numbers as the shortest decimal that parses to the same double. */
internal fun writeJson(value: Any?): String = StringBuilder().also { write(value, it) }.toString()

private fun write(value: Any?, out: StringBuilder) {
    when (value) {
        null -> out.append("null")
        is Boolean -> out.append(if (value) "true" else "false")
        is String -> writeString(value, out)
        is Int, is Long -> out.append(value)
        is Double -> out.append(if (value.isFinite()) decimalOf(value).toPlainString() else "null")
        is Map<*, *> -> writeAll(value.entries, '{', '}', out) { (key, inner) ->
            writeString(key as String, out)
            out.append(": ")
            write(inner, out)
        }
        is List<*> -> writeAll(value, '[', ']', out) { write(it, out) }
        else -> error("no JSON: $value")
    }
}

private inline fun <T> writeAll(values: Collection<T>, open: Char, close: Char, out: StringBuilder, each: (T) -> Unit) {
    out.append(open)
    for ((index, value) in values.withIndex()) {
        if (index > 0) out.append(", ")
        each(value)
    }
    out.append(close)
}

private fun writeString(value: String, out: StringBuilder) {
    out.append('"')
    for (char in value) {
        when {
            char == '"' || char == '\\' -> out.append('\\').append(char)
            char in ' '..'~' -> out.append(char)
            else -> {
                out.append("\\u")
                for (shift in intArrayOf(12, 8, 4, 0)) out.append("0123456789abcdef"[char.code shr shift and 15])
            }
        }
    }
    out.append('"')
}
