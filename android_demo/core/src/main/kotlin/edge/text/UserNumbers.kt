package edge.text

private const val LIMIT = 4.0

/** The numbers of one user's events and of candidates, standardised (SPEC.md, section 8). NaN: missing. */
internal class UserNumbers(private val specs: List<NumberSpec>, private val user: User) {
    private val all = specs.map { if (it.history.isEmpty()) null else Window(it) }
    private val before = specs.map { if (it.history.isEmpty()) null else Window(it) }
    private val screen = ArrayList<Pair<Event, String>>()
    val size: Int get() = specs.size

    init {
        for (spec in specs) if (spec.of.startsWith("user.")) ownValue(spec, Item(""), "")
    }

    /**
     * Takes the next event in; its numbers, each as when it was a candidate. A screen's events look back on what stands
     * before its first. Errors: an attribute that is no number where one is needed.
     */
    fun add(event: Event, path: String): FloatArray {
        if (screen.isNotEmpty() && (event.time == null || event.time != screen[0].first.time)) {
            for ((earlier, itsPath) in screen) for (window in before) window?.add(earlier, itsPath)
            screen.clear()
        }
        val numbers = numbers(before, event.item, event.time ?: Double.NaN, "$path.item")
        for (window in all) window?.add(event, path)
        screen.add(event to path)
        return numbers
    }

    /** The numbers of a candidate at a moment, after all events. */
    fun of(item: Item, time: Double?, path: String): FloatArray = numbers(all, item, time ?: Double.NaN, path)

    /** Errors: an attribute of the event that is no number where one is needed. */
    fun check(event: Event, path: String) {
        for (spec in specs) {
            if (spec.history.isEmpty()) ownValue(spec, event.item, "$path.item") else Window(spec).add(event, path)
        }
    }

    private fun numbers(windows: List<Window?>, item: Item, time: Double, path: String) = FloatArray(size) { index ->
        val spec = specs[index]
        val value = windows[index]?.value(item, time) ?: ownValue(spec, item, path)
        val transformed = if (spec.transform.isEmpty() || value.isNaN()) value else log1p(value)
        val standard = (transformed - spec.mean) / spec.spread
        if (standard.isNaN()) Float.NaN else standard.coerceIn(-LIMIT, LIMIT).toFloat()
    }

    private fun ownValue(spec: NumberSpec, item: Item, path: String): Double =
        if (spec.of.startsWith("user.")) {
            numberAt(user.attributes, spec.of.substring(5), "user")
        } else {
            numberAt(item.attributes, spec.of.substring(5), path)
        }
}
