package edge.text

import edge.EdgeError
import edge.json.JsonError
import edge.json.JsonReader
import edge.json.decodeUtf8

private const val MAX_BYTES = 64 shl 20
private val KEYS = setOf("user", "events", "candidates", "time")

/** A request from JSON (SPEC.md, section 1). Errors: no JSON, and whatever no request may have, by its path. */
public fun parseRequest(text: String): Request = readRequest(text.length) { text }

/** A request from JSON in UTF-8. Errors: as of text, and bytes that are not UTF-8. */
public fun parseRequest(bytes: ByteArray): Request = readRequest(bytes.size) { decodeUtf8(bytes) }

private inline fun readRequest(size: Int, text: () -> String): Request {
    if (size > MAX_BYTES) throw EdgeError("the request is longer than 64 MiB", fix = "send fewer events")
    val value = try {
        JsonReader.read(text().also { if (utf8Length(it) > MAX_BYTES) throw JsonError("it is longer than 64 MiB") })
    } catch (error: JsonError) {
        val fix = "send one object: {\"user\": {...}, \"events\": [...], \"candidates\": [...]}"
        throw EdgeError("the request is not JSON", error.message.orEmpty(), fix)
    }
    return requestOf(value)
}

private fun utf8Length(text: String): Long = text.sumOf { char ->
    (if (char < '\u0080') 1L else if (char < '\u0800' || char.isSurrogate()) 2L else 3L)
}

/** A request from decoded JSON. Of several faults the first in the order of this function is named. */
internal fun requestOf(value: Any?): Request {
    val record = objectOf(value, "request")
    for (key in record.keys) {
        if (key !in KEYS) throw EdgeError("the request has an unknown key ${shown(key)}", fix = KEYS.joinToString())
    }
    if ("candidates" !in record) throw EdgeError("the request has no 'candidates'", fix = "list the items to rank")
    val user = User(if ("user" in record) objectOf(record["user"], "user") else emptyMap())
    checkUser(user)
    val events = (if ("events" in record) listOf(record["events"], "events", MAX_EVENTS) else emptyList())
        .mapIndexed { index, entry -> eventOf(entry, "events[$index]") }
    checkTimes(events)
    val candidates = listOf(record["candidates"], "candidates", MAX_CANDIDATES)
        .mapIndexed { index, entry -> candidateOf(entry, "candidates[$index]") }
    if (candidates.isEmpty()) throw EdgeError("candidates is empty", fix = "list the items to rank")
    checkIds(candidates)
    return Request(user, events, candidates, timeOf(record["time"], "time"))
}

private fun eventOf(value: Any?, path: String): Event {
    val record = objectOf(value, path)
    if ("item" !in record) throw EdgeError("$path has no 'item'", fix = "{\"item\": {\"title\": ...}, ...}")
    val item = itemOf(record["item"], "$path.item")
    val event = Event(item, record - setOf("item", "time"), timeOf(record["time"], "$path.time"))
    checkEvent(event, path)
    return event
}

private fun candidateOf(value: Any?, path: String): Item {
    if ("id" !in objectOf(value, path)) throw EdgeError("$path has no 'id'", fix = "name each candidate")
    return itemOf(value, path).also { checkItem(it, path) }
}

private fun itemOf(value: Any?, path: String): Item {
    val record = objectOf(value, path)
    if ("id" !in record) return Item("", record)
    val id = record["id"] as? String ?: throw EdgeError("$path.id must be a string", fix = "quote it: \"50\"")
    if (id.isEmpty()) throw EdgeError("$path.id is empty", fix = "leave it out for an item without a name")
    return Item(id, record - "id")
}

private fun timeOf(value: Any?, path: String): Double? {
    if (value == null) return null
    val time = value as? Number ?: throw EdgeError("$path must be a number, not ${shown(value)}", fix = "seconds since 1970")
    return time.toDouble().also { checkTime(it, path) }
}

@Suppress("UNCHECKED_CAST")
private fun objectOf(value: Any?, path: String): Map<String, Any?> = value as? Map<String, Any?>
    ?: throw EdgeError("$path must be an object, not ${shown(value)}", fix = "write keys and values: {\"title\": \"Heat\"}")

private fun listOf(value: Any?, path: String, limit: Int): List<Any?> {
    val list = value as? List<*> ?: throw EdgeError("$path must be a list, not ${shown(value)}", fix = "[{...}, {...}]")
    checkSize(list, path, limit)
    return list
}
