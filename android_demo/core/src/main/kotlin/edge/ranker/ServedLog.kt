package edge.ranker

import edge.json.writeJson
import edge.text.Event
import edge.text.User
import java.util.UUID

/** A request that was answered. */
internal class Served(
    @JvmField val user: String,
    @JvmField val profile: User,
    @JvmField val events: Int,
    @JvmField val time: Double,
    @JvmField val ranked: Ranked,
) {
    /** By item: the attributes of the user's newest event with it since. */
    val said = HashMap<String, Map<String, Any?>>()
}

/** The newest requests, at most [most] candidates in all (PLAN.md, section 7). Thread-safe. */
internal class ServedLog(private val most: Int) {
    private val name = UUID.randomUUID().toString()
    private val kept = ArrayDeque<Pair<Long, Served>>()
    private var rows = 0
    private var count = 0L

    @Synchronized
    fun add(served: Served) {
        count++
        kept.addLast(count to served)
        rows += served.ranked.items.size
        while (rows > most) rows -= kept.removeFirst().second.ranked.items.size
    }

    /** Notes what the user did with an item, in the newest request that showed the item to that user. */
    @Synchronized
    fun note(user: String, event: Event) {
        val shown = kept.lastOrNull { (_, served) -> served.user == user && served.ranked.items.any { it.id == event.item.id } }
        shown?.second?.said?.put(event.item.id, event.attributes)
    }

    @Synchronized
    fun clear() {
        kept.clear()
        rows = 0
    }

    /** A line for each candidate, with a JSON object. The log is empty afterwards. */
    @Synchronized
    fun drain(): String {
        val labels = kept.flatMap { (_, served) -> served.said.values.flatMap(::switches) }.toSortedSet()
        val out = StringBuilder()
        for ((number, served) in kept) {
            for (place in served.ranked.items.indices) {
                out.append(writeJson(rowOf(number, served, place, labels))).append('\n')
            }
        }
        clear()
        return out.toString()
    }

    private fun switches(attributes: Map<String, Any?>) = attributes.filterValues { it is Boolean }.keys

    private fun rowOf(number: Long, served: Served, place: Int, labels: Set<String>): Map<String, Any?> {
        val item = served.ranked.items[place]
        val score = served.ranked.scores[place]
        val row = LinkedHashMap<String, Any?>()
        row["liked"] = 0
        for (label in labels) row[label] = 0
        for ((key, value) in served.said[item.id].orEmpty()) row[key] = if (value is Boolean) (if (value) 1 else 0) else value
        row["request"] = "$name-$number"
        row["user"] = served.user
        row["time"] = served.time
        row["item"] = item.id
        row["place"] = place + 1
        row["score"] = if (score.isNaN()) null else score
        row["probability"] = served.ranked.explanation.probabilities
        row["exit"] = served.ranked.explanation.exit.toString()
        row["events"] = served.events
        for ((key, value) in served.profile.attributes) row["user.$key"] = value
        for ((key, value) in item.attributes) row["item.$key"] = value
        return row
    }
}
