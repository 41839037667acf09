package edge.plan

private const val BEGINNING = 10.0
private const val HALF_LIFE_MS = 60.0

/** How fast the device is now, against what was measured (PLAN.md, section 5). One for each opened engine. */
internal class Pace {
    private var predicted = BEGINNING
    private var spent = BEGINNING
    private var spread = 0.05

    val factor: Double @Synchronized get() = spent / predicted

    /** What the budget is divided by: c. */
    val caution: Double @Synchronized get() = factor * (1 + 2 * spread)

    /** After a request that was predicted to cost [cost] and took [milliseconds]. */
    @Synchronized
    fun add(cost: Double, milliseconds: Double) {
        if (cost <= 0) return
        val expected = factor * cost
        val took = minOf(milliseconds, 10 * expected)
        val distance = minOf(Math.abs(took / expected - 1), 1.0)
        val weight = Math.pow(0.5, took / HALF_LIFE_MS)
        spread = weight * spread + (1 - weight) * distance
        predicted = weight * predicted + cost
        spent = weight * spent + took
    }
}
