package edge.text

import java.math.BigDecimal
import java.math.RoundingMode

/** A value that does not fit its filter. The template adds its name and the column. */
internal class WordingError(reason: String) : Exception(reason)

/** How many arguments each filter takes. */
internal val FILTERS: Map<String, Int> =
    mapOf("number" to 0, "percent" to 0, "top" to 0, "ago" to 0, "list" to 0, "choose" to 2, "lower" to 0)

private val TOP = intArrayOf(1, 2, 5, 10, 20, 50)
private val UNITS =
    listOf("year" to 31_536_000, "month" to 2_592_000, "week" to 604_800, "day" to 86_400, "hour" to 3_600, "minute" to 60)
private val LARGEST = BigDecimal("1000000000000000")
private val HUNDRED = BigDecimal("100")

/** Absent, null, NaN, an empty list, or text of spaces alone. */
internal fun isMissing(value: Any?): Boolean = when (value) {
    null -> true
    is Double -> value.isNaN()
    is String -> value.all { it == ' ' }
    is List<*> -> value.isEmpty()
    else -> false
}

/** The words of a value that is not missing, by a filter or, where that is empty, without one. */
internal fun wordsOf(value: Any?, filter: String, arguments: List<String>): String = when (filter) {
    "" -> plainWords(value)
    "number" -> numberWords(value)
    "percent" -> percentWords(value)
    "top" -> topWords(value)
    "ago" -> agoWords(value)
    "list" -> listWords(value)
    "choose" -> if (value is Boolean) arguments[if (value) 0 else 1] else fail("needs true or false")
    else -> lowerWords(plainWords(value))
}

private fun plainWords(value: Any?): String = when (value) {
    is String -> value
    is Double -> numberWords(value)
    is Boolean -> if (value) "yes" else "no"
    else -> listWords(value)
}

private fun numberWords(value: Any?): String {
    val rounded = decimal(value).setScale(2, RoundingMode.HALF_UP)
    return if (rounded.signum() == 0) "0" else rounded.stripTrailingZeros().toPlainString()
}

private fun percentWords(value: Any?): String {
    val steps = share(value).multiply(BigDecimal("20")).add(BigDecimal("0.5")).setScale(0, RoundingMode.FLOOR)
    return "about ${5 * steps.toInt()} percent"
}

private fun topWords(value: Any?): String {
    val percent = share(value).multiply(HUNDRED)
    val bound = TOP.firstOrNull { percent <= BigDecimal(it) } ?: return ""
    return "the $bound percent most"
}

private fun agoWords(value: Any?): String {
    val seconds = decimal(value).setScale(0, RoundingMode.FLOOR).toLong()
    for ((unit, length) in UNITS) {
        if (seconds >= length) {
            val count = seconds / length
            return if (count == 1L) "1 $unit ago" else "$count ${unit}s ago"
        }
    }
    return "moments ago"
}

private fun listWords(value: Any?): String = if (value is List<*>) value.joinToString(", ") else fail("needs a list")

private fun lowerWords(words: String): String {
    val lowered = CharArray(words.length) { if (words[it] in 'A'..'Z') words[it] + 32 else words[it] }
    return String(lowered)
}

private fun share(value: Any?): BigDecimal {
    val decimal = decimal(value)
    if (decimal.signum() < 0 || decimal > BigDecimal.ONE) fail("needs a share from 0 to 1")
    return decimal
}

private fun decimal(value: Any?): BigDecimal {
    if (value !is Double || value.isInfinite()) fail("needs a number")
    val decimal = decimalOf(value)
    if (decimal.abs() > LARGEST) fail("needs a number between -1e15 and 1e15")
    return decimal
}

private fun fail(reason: String): Nothing = throw WordingError(reason)
