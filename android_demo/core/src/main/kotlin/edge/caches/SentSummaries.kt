package edge.caches

import edge.EdgeError
import edge.bundle.ModelShape
import edge.bundle.base64
import edge.json.JsonError
import edge.json.JsonReader
import edge.text.shown

private const val SCHEMA = "edge-ranker/summaries/1"
private const val MOST_CHARACTERS = 1 shl 26 // of one text: a catalogue is sent in parts
private const val HEAD = "line 1 of the summaries"

/**
 * All summaries in a text that `edge encode` wrote (BUNDLE.md, section 9). Errors: text of another form, or of other
 * weights.
 */
internal fun sentSummaries(text: String, weights: String, shape: ModelShape, vocabulary: Int): List<Pair<SummaryKey, ShortArray>> {
    if (text.length > MOST_CHARACTERS) {
        throw EdgeError("the summaries have ${text.length} characters, $MOST_CHARACTERS at most", fix = "send fewer at once")
    }
    val lines = text.removeSuffix("\n").split('\n')
    checkHead(lines[0], weights, shape.hidden)
    val sent = ArrayList<Pair<SummaryKey, ShortArray>>()
    for (index in 1 until lines.size) addItem(lines[index], "line ${index + 1} of the summaries", shape, vocabulary, sent)
    return sent
}

private fun checkHead(line: String, weights: String, hidden: Int) {
    val head = objectOf(line, HEAD)
    for (key in listOf("hidden", "schema", "weights")) if (key !in head) refuse(HEAD, "it has no $key")
    if (head["schema"] != SCHEMA) refuse(HEAD, "unknown schema ${shown(head["schema"])}, this version reads '$SCHEMA'")
    if (weights.isEmpty() || head["weights"] != weights || (head["hidden"] as? Number)?.toDouble() != hidden.toDouble()) {
        throw EdgeError(
            "the summaries were computed from other weights",
            "weights of the summaries: ${shown(head["weights"])}, of the bundle: '$weights'",
            "compute them with the bundle that ranks: edge encode ITEMS.jsonl --bundle BUNDLE --out FILE",
        )
    }
}

private fun addItem(line: String, where: String, shape: ModelShape, vocabulary: Int, sent: MutableList<Pair<SummaryKey, ShortArray>>) {
    val item = objectOf(line, where)
    val ids = item["tokens"] as? List<*>
    if (ids == null || ids.size > shape.positions) refuse(where, "tokens must be a list of at most ${shape.positions} ids")
    val tokens = IntArray(ids.size) { index ->
        val id = ids[index] as? Long
        if (id == null || id !in 0 until vocabulary) refuse(where, "tokens must be ids from 0 to ${vocabulary - 1}")
        id.toInt()
    }
    val summaries = item["summaries"] as? Map<*, *>
    val depths = shape.encodeDepths.associateBy { it.toString() }
    if (summaries == null || !depths.keys.containsAll(summaries.keys)) {
        refuse(where, "summaries must be an object whose keys are encode depths of the model: ${depths.keys.joinToString()}")
    }
    for ((depth, coded) in summaries) sent.add(SummaryKey(depths.getValue(depth as String), tokens) to halvesOf(coded, where, shape.hidden))
}

private fun halvesOf(coded: Any?, where: String, hidden: Int): ShortArray {
    val bytes = (coded as? String)?.let(::base64)
    if (bytes == null || bytes.size != 2 * hidden) refuse(where, "a summary must be $hidden float16 numbers in base64")
    val halves = ShortArray(hidden) { (bytes[2 * it].toInt() and 0xFF or (bytes[2 * it + 1].toInt() shl 8)).toShort() }
    if (halves.any(::isInfinite)) refuse(where, "a summary has a number that is not finite")
    return halves
}

private fun objectOf(line: String, where: String): Map<*, *> {
    val value = try {
        JsonReader.readStrictly(line)
    } catch (error: JsonError) {
        null
    }
    return value as? Map<*, *> ?: refuse(where, "it is not one JSON object")
}

private fun refuse(where: String, reason: String): Nothing =
    throw EdgeError("$where: $reason", fix = "send the first line that edge encode wrote, then lines of items")
