package edge.text

import java.util.Collections

/**
 * What an app knows of a user: attributes that do not change with behaviour.
 *
 * An attribute is a String, a number, true, false, null or a List of Strings. Int, Long and Float become Double.
 */
public class User(attributes: Map<String, Any?> = emptyMap()) {
    public val attributes: Map<String, Any?> = frozen(attributes)

    override fun equals(other: Any?): Boolean = other is User && attributes == other.attributes

    override fun hashCode(): Int = attributes.hashCode()
}

/** Something to rank, or that was met in the past; there [id] may be empty. Scores depend on the attributes alone. */
public class Item(public val id: String, attributes: Map<String, Any?> = emptyMap()) {
    public val attributes: Map<String, Any?> = frozen(attributes)

    override fun equals(other: Any?): Boolean = other is Item && id == other.id && attributes == other.attributes

    override fun hashCode(): Int = 31 * id.hashCode() + attributes.hashCode()
}

/** What a user did with an item. [time] is in seconds since 1970, null where it is not known. */
public class Event(public val item: Item, attributes: Map<String, Any?> = emptyMap(), public val time: Double? = null) {
    public val attributes: Map<String, Any?> = frozen(attributes)

    override fun equals(other: Any?): Boolean =
        other is Event && item == other.item && attributes == other.attributes && time == other.time

    override fun hashCode(): Int = 31 * item.hashCode() + attributes.hashCode()
}

/** A user, events from the oldest on, the items to rank and the moment, in seconds since 1970. */
public class Request(
    public val user: User,
    public val events: List<Event>,
    public val candidates: List<Item>,
    public val time: Double? = null,
) {
    override fun equals(other: Any?): Boolean = other is Request && user == other.user && events == other.events &&
        candidates == other.candidates && time == other.time

    override fun hashCode(): Int = 31 * (31 * user.hashCode() + events.hashCode()) + candidates.hashCode()
}

/** A copy that nobody can change. What no attribute may be is kept as it is, for the checks to name it. */
private fun frozen(attributes: Map<String, Any?>): Map<String, Any?> {
    val copy = LinkedHashMap<String, Any?>(attributes.size * 2)
    for ((name, value) in attributes) {
        copy[name] = when (value) {
            is Int, is Long, is Float, is Short, is Byte -> (value as Number).toDouble()
            is List<*> -> Collections.unmodifiableList(ArrayList(value))
            else -> value
        }
    }
    return Collections.unmodifiableMap(copy)
}
