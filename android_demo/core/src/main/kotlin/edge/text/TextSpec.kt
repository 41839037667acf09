package edge.text

import edge.EdgeError

internal const val TEXT_SCHEMA = "edge-ranker/text/2"

/** The text specification, `text.json` (SPEC.md, section 2): templates, numbers and limits, checked when it is made. */
internal class TextSpec(
    @JvmField val profile: String,
    @JvmField val item: String,
    @JvmField val event: String,
    @JvmField val context: String = "",
    @JvmField val numbers: List<NumberSpec> = emptyList(),
    @JvmField val maxEvents: Int = 20,
    @JvmField val maxSegmentTokens: Int = 32,
    @JvmField val maxUserTokens: Int = 192,
    @JvmField val lowercase: Boolean = true,
) {
    val profileTemplate = Template.parse(profile, "profile")
    val itemTemplate = Template.parse(item, "item")
    val eventTemplate = Template.parse(event, "event")
    val contextTemplate = Template.parse(context, "context")

    init {
        limit("max_events", maxEvents, 0, 4_096)
        limit("max_segment_tokens", maxSegmentTokens, 3, 1_024)
        limit("max_user_tokens", maxUserTokens, maxSegmentTokens + 1, 8_192)
        if (numbers.size > MAX_NUMBERS) throw EdgeError("numbers has ${numbers.size} entries, $MAX_NUMBERS at most")
        val names = HashSet<String>()
        for (number in numbers) {
            if (!names.add(number.name)) throw EdgeError("numbers names ${shown(number.name)} twice")
        }
    }

    private fun limit(name: String, value: Int, least: Int, most: Int) {
        if (value !in least..most) throw EdgeError("$name is $value", fix = "a whole number from $least to $most")
    }
}
