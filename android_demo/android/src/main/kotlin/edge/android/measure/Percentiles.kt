package edge.android.measure

private const val TAIL = 0.025 // of an interval that holds the true value 19 times in 20

/** As edge/bench/percentiles.py: by nearest rank, each with an interval whose ends are null where there are too few values. */
internal fun percentilesOf(values: List<Double>): Map<String, Any?> {
    val ordered = values.sorted()
    val found = LinkedHashMap<String, Any?>()
    found["count"] = ordered.size
    val shares = mapOf("p50" to 0.5, "p90" to 0.9, "p99" to 0.99)
    for ((name, share) in shares) found[name] = ordered[maxOf(Math.ceil(ordered.size * share).toInt() - 1, 0)]
    for ((name, share) in shares) found["${name}_interval"] = intervalOf(ordered, share)
    return found
}

/** The order statistics around a quantile: how many values lie below it is binomial. */
private fun intervalOf(ordered: List<Double>, share: Double): List<Double?> {
    var chance = Math.pow(1 - share, ordered.size.toDouble())
    var below = chance
    var lower: Double? = null
    for (hits in ordered.indices) {
        if (hits > 0) {
            chance *= (ordered.size - hits + 1.0) / hits * share / (1 - share)
            below += chance
        }
        if (below <= TAIL) lower = ordered[hits]
        if (below >= 1 - TAIL) return listOf(lower, ordered[hits])
    }
    return listOf(lower, null)
}
