package edge.engine

internal const val TILE = 4

/**
 * The rows of a matrix as levels (ENGINE.md, "Integers"), two rows to a Long: a product with a weight is then two, and
 * a sum of products is (low + high * 2^32), which [low] and [high] take apart. [TILE] Longs of one column lie side by side.
 */
internal class Levels {
    var packed = LongArray(0)
        private set
    var steps = FloatArray(0)
        private set
    private var row = IntArray(0)

    fun quantise(inputs: Matrix) {
        val width = inputs.columns
        val size = tilesOf(inputs.rows) * width * TILE
        if (packed.size < size) packed = LongArray(size) else packed.fill(0L, 0, size)
        if (steps.size < inputs.rows) steps = FloatArray(inputs.rows)
        if (row.size < width) row = IntArray(width)
        for (index in 0 until inputs.rows) {
            steps[index] = levelsOf(inputs.values, inputs.at(index), width, row)
            val pair = index % (2 * TILE) / 2
            val begin = index / (2 * TILE) * width * TILE + pair
            val shift = index % 2 * 32
            for (column in 0 until width) packed[begin + column * TILE] += row[column].toLong() shl shift
        }
    }

    fun clear() {
        packed = LongArray(0)
    }
}

/** How many tiles hold so many rows. */
internal fun tilesOf(rows: Int): Int = (rows + 2 * TILE - 1) / (2 * TILE)

internal fun low(sum: Long): Int = sum.toInt()

internal fun high(sum: Long): Int = (sum - sum.toInt() shr 32).toInt()
