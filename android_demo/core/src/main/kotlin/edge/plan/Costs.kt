package edge.plan

/** A cost in milliseconds by size: points in ascending order (PLAN.md, section 3). */
internal class Curve(val sizes: IntArray, val milliseconds: DoubleArray) {
    fun at(size: Int): Double {
        val last = sizes.size - 1
        if (last < 0) return 0.0
        if (size <= sizes[0] || last == 0) return milliseconds[0]
        if (size >= sizes[last]) return beyond(size, last)
        var index = 1
        while (sizes[index] < size) index++
        return between(index - 1, index, size)
    }

    private fun beyond(size: Int, last: Int): Double =
        if (milliseconds[last] < milliseconds[last - 1]) milliseconds[last] else between(last - 1, last, size)

    private fun between(low: Int, high: Int, size: Int): Double {
        val slope = (milliseconds[high] - milliseconds[low]) / (sizes[high] - sizes[low])
        return milliseconds[low] + slope * (size - sizes[low])
    }
}

/** What a device was measured to take: [score] by interact depth. */
internal class Costs(
    @JvmField val chunk: Curve,
    @JvmField val encode: Curve,
    @JvmField val append: Curve,
    @JvmField val score: List<Curve>,
)

/** What a request has to compute at an encode depth: sizes of chunks, missing entries, candidates by interact depth. */
internal class Work(
    @JvmField val chunks: List<Int>,
    @JvmField val phrases: List<Int>,
    @JvmField val entries: Int,
    @JvmField val candidates: Int,
    @JvmField val candidatesWithoutLayers: Int = candidates,
) {
    /** Milliseconds of scoring alone. */
    fun scoring(costs: Costs, interact: Int): Double {
        val count = if (interact == 0) candidatesWithoutLayers else candidates
        return if (count == 0) 0.0 else costs.score[interact].at(count)
    }

    fun milliseconds(costs: Costs, encode: Int, interact: Int, phraseDepth: Int): Double {
        val items = chunks.sumOf { costs.chunk.at(it) + encode * costs.encode.at(it) }
        val words = phrases.sumOf { costs.chunk.at(it) + phraseDepth * costs.encode.at(it) }
        return items + words + (if (entries == 0) 0.0 else costs.append.at(entries)) + scoring(costs, interact)
    }
}
