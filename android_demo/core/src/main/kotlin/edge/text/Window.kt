package edge.text

/** What is summed up of some events: how many, those with a value, the sum of their units, the newest known time. */
internal class Sums {
    var events = 0L
    var valued = 0L
    var units = 0L
    private var timed = 0L
    var newest = Double.NaN
        private set

    fun add(entry: WindowEntry) {
        events++
        if (entry.valued) {
            valued++
            units += entry.units
        }
        if (!entry.time.isNaN()) {
            timed++
            newest = entry.time
        }
    }

    /** Takes the oldest event out again. */
    fun remove(entry: WindowEntry) {
        events--
        if (entry.valued) {
            valued--
            units -= entry.units
        }
        if (!entry.time.isNaN()) {
            timed--
            if (timed == 0L) newest = Double.NaN
        }
    }
}

/** An event as a number's window keeps it. */
internal class WindowEntry(
    @JvmField val valued: Boolean,
    @JvmField val units: Long,
    @JvmField val time: Double,
    @JvmField val values: List<Any>,
)

/** The window of one number (SPEC.md, section 8): events go in oldest first, and leave beyond `last`. */
internal class Window(private val spec: NumberSpec) {
    private val whole = Sums()
    private val parts = HashMap<Any, Sums>()
    private val entries = ArrayDeque<WindowEntry>()

    fun add(event: Event, path: String) {
        val entry = entryOf(event, path) ?: return
        whole.add(entry)
        for (value in entry.values) parts.getOrPut(value) { Sums() }.add(entry)
        if (spec.last > 0) {
            entries.addLast(entry)
            if (entries.size > spec.last) leave(entries.removeFirst())
        }
    }

    private fun leave(entry: WindowEntry) {
        whole.remove(entry)
        for (value in entry.values) {
            val part = parts.getValue(value)
            part.remove(entry)
            if (part.events == 0L) parts.remove(value)
        }
    }

    private fun entryOf(event: Event, path: String): WindowEntry? {
        val value = if (spec.of.isEmpty()) Double.NaN else valueOf(event, path)
        if (spec.where.isNotEmpty()) {
            val where = numberAt(event.attributes, spec.where, path)
            if (where.isNaN() || where == 0.0) return null
        }
        val values = if (spec.same.isEmpty()) emptyList() else valuesOf(event.item, spec.same)
        val valued = !value.isNaN()
        return WindowEntry(valued, if (valued) unitsOf(value) else 0, event.time ?: Double.NaN, values)
    }

    private fun valueOf(event: Event, path: String): Double {
        val value = numberOfEvent(event, spec.of, path)
        return if (spec.minus.isEmpty()) value else value - numberOfEvent(event, spec.minus, path)
    }

    /** The value for an entry with this item at this time (NaN: not known); NaN for none. */
    fun value(item: Item, time: Double): Double {
        if (spec.same.isEmpty()) return figure(whole, time, spec.prior ?: 0.0)
        val prior = if (spec.history == "mean") mean(whole, spec.prior ?: 0.0) else 0.0
        var sum = 0.0
        var count = 0
        var most = Double.NEGATIVE_INFINITY
        var least = Double.POSITIVE_INFINITY
        for (value in valuesOf(item, spec.same)) {
            val figure = figure(parts[value] ?: EMPTY, time, prior)
            if (figure.isNaN()) continue
            sum += figure
            count++
            most = maxOf(most, figure)
            least = minOf(least, figure)
        }
        return when {
            count == 0 -> Double.NaN
            spec.over == "most" -> most
            spec.over == "least" -> least
            else -> sum / count
        }
    }

    private fun figure(sums: Sums, time: Double, prior: Double): Double = when (spec.history) {
        "count" -> sums.events.toDouble()
        "seconds" -> if (time.isNaN() || sums.newest.isNaN()) Double.NaN else maxOf(time - sums.newest, 0.0)
        else -> mean(sums, prior)
    }

    /** (S / 65,536 + s p) / (n + s), in this order. */
    private fun mean(sums: Sums, prior: Double): Double {
        val smoothing = spec.smoothing
        val sum = sums.units.toDouble() / SUM_SCALE
        if (smoothing == 0.0) return if (sums.valued == 0L) Double.NaN else sum / sums.valued.toDouble()
        return (sum + smoothing * prior) / (sums.valued.toDouble() + smoothing)
    }

    private companion object {
        val EMPTY = Sums()
    }
}
