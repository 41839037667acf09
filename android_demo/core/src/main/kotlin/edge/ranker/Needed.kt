package edge.ranker

import edge.bundle.ModelShape
import edge.plan.Lacking
import edge.plan.lackingOf
import edge.text.Texts

/**
 * What a request needs at an encode depth: two lists of segments, each of which is handled together (PLAN.md, section
 * 2).
 */
internal class Needed(
    @JvmField val lacking: Lacking,
    @JvmField val items: List<IntArray>,
    @JvmField val phrases: List<IntArray>,
    @JvmField val newEvents: Int,
) {
    /** The profile, if it is lacking, and the new events. */
    val newEntries: Int get() = newEvents + if (lacking.whole) 1 else 0
}

internal fun neededOf(user: UserState, handles: List<Handle>, depth: Int, shape: ModelShape, texts: Texts): Needed {
    val kept = user.timelines[depth]
    val lacking = lackingOf(user.size, shape.places - 1, kept?.first ?: 0, kept?.timeline?.entries ?: 0)
    val items = ArrayList<IntArray>()
    val phrases = ArrayList<IntArray>()
    if (lacking.whole) items.add(user.profileTokens)
    for (index in lacking.from until user.size) {
        val event = user.event(index)
        items.add(texts.tokens(texts.item(event.item)))
        phrases.add(texts.tokens(texts.phrase(event)))
    }
    for (index in handles.indices) {
        items.add(handles[index].tokens)
        phrases.add(handles[index].context)
    }
    return Needed(lacking, items, phrases, user.size - lacking.from)
}
