package edge.text

private const val MOST_KEPT = 4_096
private const val LONGEST_KEPT = 64

/** A text to token ids (SPEC.md, sections 5 and 6). Ids of what stands between spaces are kept, the latest used. */
internal class TextEncoder(private val wordPiece: WordPiece, lowercase: Boolean) {
    private val normalizer = Normalizer(lowercase)
    private val kept = LinkedHashMap<String, IntArray>(256, 0.75f, true)
    val vocabulary: Int get() = wordPiece.size

    /** At most the first [most] ids. */
    fun encode(text: String, most: Int = Int.MAX_VALUE): IntArray {
        val ids = ArrayList<Int>()
        for (part in text.split(' ')) {
            if (ids.size >= most) break
            if (part.isNotEmpty()) for (id in idsOf(part)) ids.add(id)
        }
        return IntArray(minOf(most, ids.size)) { ids[it] }
    }

    private fun idsOf(part: String): IntArray {
        if (part.length <= LONGEST_KEPT) synchronized(kept) { kept[part] }?.let { return it }
        val ids = ArrayList<Int>()
        for (word in normalizer.words(normalizer.normalize(part))) wordPiece.encode(word, ids)
        val found = ids.toIntArray()
        if (part.length <= LONGEST_KEPT) keep(part, found)
        return found
    }

    private fun keep(part: String, ids: IntArray) = synchronized(kept) {
        kept[part] = ids
        if (kept.size > MOST_KEPT) kept.remove(kept.keys.iterator().next())
    }
}
