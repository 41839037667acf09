package edge.text

import edge.EdgeError
import edge.json.halfOfPair

internal const val MAX_CANDIDATES = 1_000
internal const val MAX_EVENTS = 10_000
private const val MAX_ATTRIBUTES = 100
private const val MAX_NAME = 100
private const val MAX_LIST = 100
private const val MAX_TEXT = 10_000
private const val LARGEST_NUMBER = 1e15

/** What users, events and candidates may hold (SPEC.md, section 1); errors name the path of the value. */
internal fun checkUser(user: User) = checkAttributes(user.attributes, "user")

internal fun checkEvents(events: List<Event>) {
    checkSize(events, "events", MAX_EVENTS)
    for ((index, event) in events.withIndex()) checkEvent(event, "events[$index]")
    checkTimes(events)
}

/** There may be none. */
internal fun checkCandidates(candidates: List<Item>) {
    checkSize(candidates, "candidates", MAX_CANDIDATES)
    for ((index, item) in candidates.withIndex()) checkItem(item, "candidates[$index]")
    checkIds(candidates)
}

internal fun checkEvent(event: Event, path: String) {
    checkItem(event.item, "$path.item", idNeeded = false)
    checkTime(event.time, "$path.time")
    checkAttributes(event.attributes, path, "item", "time")
}

internal fun checkItem(item: Item, path: String, idNeeded: Boolean = true) {
    if (idNeeded && item.id.isEmpty()) fail("$path.id is empty", "name each candidate: the answer refers to it")
    checkText(item.id, "$path.id")
    checkAttributes(item.attributes, path, "id")
}

internal fun checkTime(time: Double?, path: String) {
    if (time != null) checkNumber(time, path)
}

internal fun checkSize(values: List<*>, path: String, limit: Int) {
    if (values.size > limit) {
        val fix = if (path == "events") "send the newest" else "rank them in several requests"
        fail("$path has ${values.size} entries, $limit at most", fix)
    }
}

internal fun checkIds(candidates: List<Item>) {
    val seen = HashMap<String, Int>()
    for ((index, item) in candidates.withIndex()) {
        val first = seen.put(item.id, index) ?: continue
        fail("candidates[$index].id repeats candidates[$first].id: ${shown(item.id)}", "send each candidate once")
    }
}

internal fun checkTimes(events: List<Event>) {
    var latest = Double.NEGATIVE_INFINITY
    for ((index, event) in events.withIndex()) {
        val time = event.time ?: continue
        if (time < latest) fail("events[$index].time is before that of an earlier event", "list events oldest first")
        latest = time
    }
}

internal fun checkText(text: String, path: String) {
    val length = Character.codePointCount(text, 0, text.length)
    if (length > MAX_TEXT) fail("$path is $length characters long, $MAX_TEXT at most", "cut it")
    if (halfOfPair(text) >= 0) {
        fail("$path is not valid Unicode: half of a surrogate pair", "cut texts between characters, not within one")
    }
}

/** A value for an error: printable ASCII, and not long. */
internal fun shown(value: Any?): String {
    val text = value.toString().map { if (it in ' '..'~') it else '?' }.joinToString("")
    val quoted = if (value is String) "'$text'" else text
    return if (quoted.length <= 60) quoted else quoted.take(57) + "..."
}

private fun checkAttributes(attributes: Map<String, Any?>, path: String, vararg reserved: String) {
    if (attributes.size > MAX_ATTRIBUTES) {
        fail("$path has ${attributes.size} attributes, $MAX_ATTRIBUTES at most", "leave out what the model does not read")
    }
    for ((name, value) in attributes) {
        if (Character.codePointCount(name, 0, name.length) !in 1..MAX_NAME) {
            fail("$path has an attribute named ${shown(name)}", "names have 1 to $MAX_NAME characters")
        }
        if (name in reserved) fail("$path has an attribute named '$name', which means something else", "rename it")
        checkText(name, "an attribute name of $path")
        checkValue(value, "$path.$name")
    }
}

private fun checkValue(value: Any?, path: String) {
    when (value) {
        null, is Boolean -> Unit
        is String -> checkText(value, path)
        is Double -> checkNumber(value, path)
        is List<*> -> checkStrings(value, path)
        else -> fail("$path must be a string, a number, true, false, null or a list of strings, not ${shown(value)}")
    }
}

private fun checkStrings(values: List<*>, path: String) {
    if (values.size > MAX_LIST) fail("$path has ${values.size} entries, $MAX_LIST at most", "cut the list")
    for ((index, value) in values.withIndex()) {
        if (value !is String) fail("$path[$index] must be a string, not ${shown(value)}", "quote it: \"50\"")
        checkText(value, "$path[$index]")
    }
}

private fun checkNumber(value: Double, path: String) {
    if (value.isNaN()) fail("$path is NaN, which is no number", "null for what is not known")
    if (value < -LARGEST_NUMBER || value > LARGEST_NUMBER) fail("$path is out of range", "between -1e15 and 1e15")
}

private fun fail(problem: String, fix: String = ""): Nothing = throw EdgeError(problem, fix = fix)
