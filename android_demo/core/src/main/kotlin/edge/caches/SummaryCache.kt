package edge.caches

import edge.engine.Matrix
import edge.weights.fromHalf
import edge.weights.toHalf

private const val TOKEN_BYTES = 8L

/** The key of a summary: its encode depth, and the token ids of its text. */
internal class SummaryKey(val depth: Int, val tokens: IntArray) {
    override fun equals(other: Any?): Boolean =
        other is SummaryKey && depth == other.depth && tokens.contentEquals(other.tokens)

    override fun hashCode(): Int = 31 * tokens.contentHashCode() + depth
}

/**
 * Summaries as float16 within a budget of bytes; the least recently used go first (PLAN.md, section 2). Thread-safe.
 */
internal class SummaryCache(private val hidden: Int, private val budget: Long) {
    private val kept = LinkedHashMap<SummaryKey, ShortArray>(64, 0.75f, true)
    var bytes = 0L
        @Synchronized get
        private set

    /** Whether an entry is kept. This does not count as a use. */
    @Synchronized
    operator fun contains(key: SummaryKey): Boolean = kept.containsKey(key)

    /** Writes the summary to a row, which counts as a use. False if it is not kept. */
    @Synchronized
    fun read(key: SummaryKey, target: Matrix, row: Int): Boolean {
        val halves = kept[key] ?: return false
        val begin = target.at(row)
        for (index in halves.indices) target.values[begin + index] = fromHalf(halves[index].toInt())
        return true
    }

    /** Rounds a summary to float16 in place, and keeps it if the budget allows. */
    @Synchronized
    fun write(key: SummaryKey, summary: FloatArray) {
        val halves = ShortArray(hidden) { toHalf(summary[it]).toShort() }
        for (index in halves.indices) summary[index] = fromHalf(halves[index].toInt())
        keep(key, halves)
    }

    /** Keeps a summary that was computed before from the same weights, which counts as a use. */
    @Synchronized
    fun keep(key: SummaryKey, halves: ShortArray) {
        val size = bytesOf(key)
        if (size <= budget) {
            if (kept.put(key, halves) == null) bytes += size
            trim(budget)
        }
    }

    /** Removes the least recently used until at most so many bytes are left. */
    @Synchronized
    fun trim(toBytes: Long) {
        val oldest = kept.keys.iterator()
        while (bytes > toBytes && oldest.hasNext()) {
            bytes -= bytesOf(oldest.next())
            oldest.remove()
        }
    }

    @Synchronized
    fun clear() = trim(-1)

    /** Least recently used first. */
    @Synchronized
    fun entries(): List<Pair<SummaryKey, ShortArray>> = kept.map { it.key to it.value }

    private fun bytesOf(key: SummaryKey) = 2L * hidden + TOKEN_BYTES * key.tokens.size
}
