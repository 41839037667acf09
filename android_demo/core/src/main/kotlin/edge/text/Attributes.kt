package edge.text

import edge.EdgeError

private const val LARGEST_UNIT = 2_147_483_648.0
private const val UNITS = 65_536.0
internal const val SUM_SCALE = UNITS

/** An attribute as a number; NaN where it is missing. Errors: text and lists, with the path of the value. */
internal fun numberAt(attributes: Map<String, Any?>, name: String, path: String): Double {
    val value = attributes[name]
    return when {
        isMissing(value) -> Double.NaN
        value is Double -> value
        value is Boolean -> if (value) 1.0 else 0.0
        else -> throw EdgeError("$path.$name must be a number, not ${shown(value)}", fix = "send a number, or leave it out")
    }
}

/** What a history reads of an event by `X` or `item.X`. */
internal fun numberOfEvent(event: Event, field: String, path: String): Double =
    if (field.startsWith("item.")) {
        numberAt(event.item.attributes, field.substring(5), "$path.item")
    } else {
        numberAt(event.attributes, field, path)
    }

/** The distinct values of an item's attribute, in order, in a form in which equal values are equal keys. */
internal fun valuesOf(item: Item, name: String): List<Any> {
    val value = item.attributes[name]
    if (isMissing(value)) return emptyList()
    if (value is List<*>) return value.filter { !isMissing(it) }.distinct().map { it as Any }
    return listOf(if (value is Double) value + 0.0 else value as Any)
}

/** v in units of 2^-16, limited and rounded, halves to even. */
internal fun unitsOf(value: Double): Long = Math.rint(value.coerceIn(-LARGEST_UNIT, LARGEST_UNIT) * UNITS).toLong()
