package edge.engine

private const val MASKED = -1e4f
private const val UNKNOWN = 1 // the token of a text without words

/** Segments one after another in one array (ENGINE.md, "Chunks of segments"), each cut to [longest] tokens. */
internal class Chunk(segments: List<IntArray>, longest: Int) {
    private val texts = segments.map { ids -> if (ids.isEmpty()) intArrayOf(UNKNOWN) else ids.copyOf(minOf(ids.size, longest)) }
    val segments: Int get() = texts.size
    val tokens: Int = texts.sumOf { it.size }

    /** (size): padding is token 0. */
    fun ids(size: Int): IntArray = rows(size) { segment, position -> texts[segment][position] }

    /** (size): counted from 0 in each segment. */
    fun positions(size: Int): IntArray = rows(size) { _, position -> position }

    /** (size, size), additive: each segment by itself, and padding as one segment. */
    fun mask(size: Int): FloatArray {
        val segmentOf = IntArray(size) { ANY }
        rows(size) { segment, _ -> segment }.copyInto(segmentOf, 0, 0, tokens)
        return FloatArray(size * size) { if (segmentOf[it / size] == segmentOf[it % size]) 0f else MASKED }
    }

    /** (rows, size): the mean over each segment's tokens. */
    fun weights(rows: Int, size: Int): FloatArray {
        val weights = FloatArray(rows * size)
        var begin = 0
        for ((segment, text) in texts.withIndex()) {
            weights.fill(1f / text.size, segment * size + begin, segment * size + begin + text.size)
            begin += text.size
        }
        return weights
    }

    private inline fun rows(size: Int, value: (Int, Int) -> Int): IntArray {
        val result = IntArray(size)
        var index = 0
        for ((segment, text) in texts.withIndex()) for (position in text.indices) result[index++] = value(segment, position)
        return result
    }
}
