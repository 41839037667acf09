package edge.text

/** The texts of the ranking model and their tokens (BUNDLE.md, section 3): each by itself, without special tokens. */
internal class Texts(private val spec: TextSpec, private val encoder: TextEncoder) {
    val vocabulary: Int get() = encoder.vocabulary

    fun profile(user: User): String = spec.profileTemplate.render(user.attributes)

    fun item(item: Item): String = spec.itemTemplate.render(item.attributes)

    fun phrase(event: Event): String = spec.eventTemplate.render(event.attributes)

    fun context(item: Item): String = spec.contextTemplate.render(item.attributes)

    /** Token ids of a text, cut to `max_segment_tokens`. */
    fun tokens(text: String): IntArray = encoder.encode(text, spec.maxSegmentTokens)
}
