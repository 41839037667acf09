package edge.engine

/** Arrays to compute in, which later calls use again: a call that is as large as an earlier one allocates none. Not thread-safe. */
internal class Scratch {
    private val arrays = ArrayList<FloatArray>()
    private var used = 0

    /** A matrix of zeros, until the frame ends in which it was taken. */
    fun matrix(rows: Int, columns: Int): Matrix {
        val size = rows * columns
        when {
            used == arrays.size -> arrays.add(FloatArray(size))
            arrays[used].size < size -> arrays[used] = FloatArray(size)
            else -> arrays[used].fill(0f, 0, size)
        }
        return Matrix(rows, columns, arrays[used++])
    }

    /** What is taken in the action is free again after it. */
    inline fun <T> frame(action: () -> T): T {
        val before = mark()
        try {
            return action()
        } finally {
            release(before)
        }
    }

    fun mark(): Int = used

    fun release(mark: Int) {
        used = mark
    }

    /** Gives back what no frame holds. */
    fun clear() {
        while (arrays.size > used) arrays.removeAt(arrays.size - 1)
    }
}
