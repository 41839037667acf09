package edge.engine

/** Numbers in rows, float32, row-major: [values] from [begin] on; the array may be longer, and belong to others too. */
internal class Matrix(
    @JvmField val rows: Int,
    @JvmField val columns: Int,
    @JvmField val values: FloatArray = FloatArray(rows * columns),
    @JvmField val begin: Int = 0,
) {
    val size: Int get() = rows * columns

    operator fun get(row: Int, column: Int): Float = values[at(row) + column]

    operator fun set(row: Int, column: Int, value: Float) {
        values[at(row) + column] = value
    }

    /** Where a row begins in [values]. */
    fun at(row: Int): Int = begin + row * columns

    /** [count] rows from [first] on, of the same numbers. */
    fun part(first: Int, count: Int): Matrix = Matrix(count, columns, values, at(first))

    /** Writes all rows to the beginning of an array. */
    fun copyInto(target: FloatArray) {
        values.copyInto(target, 0, begin, begin + size)
    }

    fun setRow(row: Int, values: FloatArray, from: Int = 0) {
        values.copyInto(this.values, at(row), from, from + columns)
    }

    /** Adds a row to a row of this one. */
    fun add(row: Int, values: FloatArray, from: Int = 0) {
        val first = at(row)
        for (column in 0 until columns) this.values[first + column] += values[from + column]
    }
}
