package edge.text

import edge.EdgeError

internal const val MAX_NUMBERS = 64
private const val MOST_LAST = 1L shl 31

/** What a number of an entry is (SPEC.md, section 8). Empty texts stand for fields that are absent. */
internal class NumberSpec(
    @JvmField val name: String,
    @JvmField val of: String,
    @JvmField val history: String,
    @JvmField val minus: String,
    @JvmField val where: String,
    @JvmField val last: Long,
    @JvmField val same: String,
    @JvmField val over: String,
    @JvmField val smoothing: Double,
    @JvmField val prior: Double?,
    @JvmField val transform: String,
    @JvmField val mean: Double,
    @JvmField val spread: Double,
) {
    private val named = "the number ${shown(name)}"

    init {
        if (name.all { it == ' ' }) throw EdgeError("a number has no name")
        oneOf("history", history, "", "count", "mean", "seconds")
        oneOf("over", over, "mean", "most", "least")
        oneOf("transform", transform, "", "log1p")
        if (history.isEmpty()) checkOwn() else checkHistory()
        if (!(spread > 0)) fail("spread", spread, "a standard deviation is above 0")
        if (!(smoothing >= 0)) fail("smoothing", smoothing, "a number of events, 0 or more")
        if (last !in 0..MOST_LAST) fail("last", last, "a number of events; 0 for all")
    }

    private fun checkOwn() {
        val attribute = of.removePrefix(if (of.startsWith("user.")) "user." else "item.")
        if (attribute == of || !isAttribute(attribute)) fail("of", of, "item.NAME or user.NAME")
        unused("without history", minus = minus, where = where, last = last, same = same, mean = true)
        if (over != "mean") fail("over", over, "it means nothing without same")
    }

    private fun checkHistory() {
        val kind = "with history '$history'"
        if (history != "mean") {
            unused(kind, of = of, minus = minus, mean = true)
        } else if (of.isEmpty()) {
            fail("of", of, "say what it is the mean of")
        }
        for ((field, value) in listOf("of" to of, "minus" to minus)) {
            if (value.isNotEmpty() && !isAttribute(value.removePrefix("item."))) fail(field, value, "NAME or item.NAME")
        }
        for ((field, value) in listOf("where" to where, "same" to same)) {
            if (value.isNotEmpty() && !isAttribute(value)) fail(field, value, "an attribute's name alone")
        }
        if (same.isEmpty()) {
            if (over != "mean") fail("over", over, "it means nothing without same")
            if (history == "seconds") unused("$kind and without same", last = last)
        }
    }

    private fun unused(
        kind: String,
        of: String = "",
        minus: String = "",
        where: String = "",
        last: Long = 0,
        same: String = "",
        mean: Boolean = false,
    ) {
        val fields = mutableListOf("of" to of, "minus" to minus, "where" to where, "same" to same)
        if (last != 0L) fields.add("last" to "$last")
        if (mean && smoothing != 0.0) fields.add("smoothing" to "$smoothing")
        if (mean && prior != null) fields.add("prior" to "$prior")
        for ((field, value) in fields) if (value.isNotEmpty()) fail(field, value, "it means nothing $kind: leave it out")
    }

    private fun oneOf(field: String, value: String, vararg known: String) {
        if (value !in known) fail(field, value, known.joinToString { "'$it'" })
    }

    private fun fail(field: String, value: Any?, fix: String): Nothing =
        throw EdgeError("$named has $field = ${shown(value)}", fix = fix)
}

private fun isAttribute(name: String) = Character.codePointCount(name, 0, name.length) in 1..100 && '.' !in name
