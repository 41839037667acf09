package edge.ranker

import edge.EdgeError
import edge.engine.Timeline
import edge.plan.firstOf
import edge.text.Event
import edge.text.MAX_EVENTS
import edge.text.TextSpec
import edge.text.Texts
import edge.text.User
import edge.text.UserNumbers
import edge.text.checkEvent
import edge.text.numberAt

private const val LEAVING = 2_500

/**
 * A user to rank for, made by `Ranker.user`. It is computed at the first request, and kept as long as the app holds it.
 */
public class UserState internal constructor(
    internal val owner: Ranker,
    /** The name in the log. */
    public val id: String,
    internal val profile: User,
    events: List<Event>,
    private val spec: TextSpec,
    private val texts: Texts,
) {
    private val list = ArrayList<Event>()
    private val numbersOfEvents = ArrayList<FloatArray>()
    private val values = ArrayList<Float>()
    private var greatest = Double.NEGATIVE_INFINITY
    internal var numbers = UserNumbers(spec.numbers, profile)
        private set
    internal val timelines = HashMap<Int, KeptTimeline>()
    internal val profileTokens: IntArray by lazy { texts.tokens(texts.profile(profile)) }

    init {
        for ((index, event) in events.withIndex()) take(event, "events[$index]")
        // An event that cannot be rendered is refused here, not by a later request.
        texts.profile(profile)
        for (index in firstOf(events.size, owner.places - 1) until events.size) render(events[index])
    }

    internal val size: Int get() = list.size

    internal fun event(index: Int): Event = list[index]

    internal fun value(index: Int): Float = values[index]

    internal fun numbersOf(index: Int): FloatArray = numbersOfEvents[index]

    /** One more event. Errors: an invalid event, or one that is older than the newest; then nothing is changed. */
    public fun add(event: Event): Unit = owner.locked {
        synchronized(this) {
            checkEvent(event, "event")
            if (event.time != null && event.time < greatest) {
                throw EdgeError("event.time is before that of an earlier event", fix = "add events oldest first")
            }
            numbers.check(event, "event")
            valueOf(event, "event")
            render(event)
            if (list.size == MAX_EVENTS) leave()
            take(event, "event")
        }
        owner.note(id, event)
    }

    /** Frees what was computed for the user; the next request computes it again. */
    public fun forget(): Unit = synchronized(this) { timelines.clear() }

    private fun render(event: Event) {
        texts.phrase(event)
        texts.item(event.item)
    }

    /** The value that the model reads of an event, 0 where it is missing. */
    private fun valueOf(event: Event, path: String): Float {
        val value = numberAt(event.attributes, owner.value, path)
        return if (value.isNaN()) 0f else value.toFloat()
    }

    private fun take(event: Event, path: String) {
        values.add(valueOf(event, path))
        numbersOfEvents.add(numbers.add(event, path))
        list.add(event)
        if (event.time != null) greatest = maxOf(greatest, event.time)
    }

    private fun leave() {
        val left = ArrayList(list.subList(LEAVING, list.size))
        list.clear()
        numbersOfEvents.clear()
        values.clear()
        timelines.clear()
        numbers = UserNumbers(spec.numbers, profile)
        for ((index, event) in left.withIndex()) take(event, "events[$index]")
    }
}

/** A timeline that holds the events from [first] on. */
internal class KeptTimeline(val first: Int, val timeline: Timeline)
