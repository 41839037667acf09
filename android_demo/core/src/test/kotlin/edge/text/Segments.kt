package edge.text

private const val BEGIN_PROFILE = 3
private const val END_USER = 4
private const val BEGIN_CANDIDATE = 5
private const val END_CANDIDATE = 6

/** The segments of the full model for one request, with the slots of the user side (SPEC.md, section 7). */
internal class Segments(val user: List<List<Int>>, val slots: List<Int>, val candidates: List<List<Int>>)

/** Renders and cuts the segments of a request. Templates of events that the walk does not reach are not rendered. */
internal class Segmenter(private val spec: TextSpec, private val encoder: TextEncoder) {
    private val most = spec.maxSegmentTokens

    fun profileText(user: User): String = spec.profileTemplate.render(user.attributes)

    fun eventText(event: Event): String =
        joined(spec.eventTemplate.render(event.attributes), itemText(event.item))

    fun candidateText(item: Item): String = joined(spec.contextTemplate.render(item.attributes), itemText(item))

    fun segments(request: Request): Segments {
        val profile = listOf(BEGIN_PROFILE) + encoder.encode(profileText(request.user), most - 1).asList()
        val kept = ArrayList<List<Int>>()
        var tokens = profile.size + 1
        for (event in request.events.asReversed()) {
            if (kept.size == spec.maxEvents) break
            val segment = encoder.encode(eventText(event), most).asList()
            if (tokens + segment.size > spec.maxUserTokens) break
            tokens += segment.size
            if (segment.isNotEmpty()) kept.add(segment)
        }
        val candidates = request.candidates.map {
            listOf(BEGIN_CANDIDATE) + encoder.encode(candidateText(it), most - 2).asList() + END_CANDIDATE
        }
        val slots = listOf(0) + kept.indices.reversed().map { it + 3 } + 2
        return Segments(listOf(profile) + kept.asReversed() + listOf(listOf(END_USER)), slots, candidates)
    }

    private fun itemText(item: Item): String = spec.itemTemplate.render(item.attributes)
}

private fun joined(first: String, second: String): String =
    if (first.isEmpty() || second.isEmpty()) first + second else "$first $second"
