package edge.plan

/** Which events of a list of [events] a timeline of at most [most] holds: those from here on (PLAN.md, section 1). */
internal fun firstOf(events: Int, most: Int): Int {
    if (events <= most) return 0
    if (most == 0) return events
    val step = maxOf(most / 4, 1)
    return step * ((events - most + step - 1) / step)
}

/** What a request has to append: with [whole] the profile and the events from [from] on, else those events alone. */
internal class Lacking(val whole: Boolean, val first: Int, val from: Int)

/**
 * What a timeline of a list of [events] lacks, of which one that begins at [keptFirst] holds [keptEntries], the profile
 * included (0: nothing is kept).
 */
internal fun lackingOf(events: Int, most: Int, keptFirst: Int, keptEntries: Int): Lacking {
    val first = firstOf(events, most)
    return if (keptEntries == 0 || keptFirst != first) Lacking(true, first, first) else Lacking(false, first, first + keptEntries - 1)
}
