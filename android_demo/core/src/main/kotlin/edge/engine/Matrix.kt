package edge.engine

/** Numbers in rows, float32, row-major. */
internal class Matrix(val rows: Int, val columns: Int, val values: FloatArray = FloatArray(rows * columns)) {
    operator fun get(row: Int, column: Int): Float = values[row * columns + column]

    operator fun set(row: Int, column: Int, value: Float) {
        values[row * columns + column] = value
    }

    fun row(row: Int): FloatArray = values.copyOfRange(row * columns, (row + 1) * columns)

    fun part(begin: Int, count: Int): Matrix = Matrix(count, columns, values.copyOfRange(begin * columns, (begin + count) * columns))

    fun setRow(row: Int, values: FloatArray) {
        values.copyInto(this.values, row * columns)
    }

    /** Adds a row to a row of this one. */
    fun add(row: Int, values: FloatArray, from: Int = 0) {
        val begin = row * columns
        for (column in 0 until columns) this.values[begin + column] += values[from + column]
    }

    internal companion object {
        fun of(rows: List<FloatArray>, columns: Int): Matrix {
            val matrix = Matrix(rows.size, columns)
            for ((index, row) in rows.withIndex()) matrix.setRow(index, row)
            return matrix
        }
    }
}
