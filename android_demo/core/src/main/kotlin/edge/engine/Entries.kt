package edge.engine

/** New entries or candidates: summaries (n, H), numbers and which of them are missing (n, N). */
internal class Entries(val items: Matrix, val phrases: Matrix, val numbers: Matrix, val missing: Matrix) {
    val count: Int get() = items.rows

    /** So many rows from [begin] on. */
    fun part(begin: Int, count: Int): Entries =
        Entries(items.part(begin, count), phrases.part(begin, count), numbers.part(begin, count), missing.part(begin, count))

    internal companion object {
        /** Numbers that are NaN are missing. */
        fun of(items: List<FloatArray>, phrases: List<FloatArray>, numbers: List<FloatArray>, hidden: Int, size: Int): Entries {
            val values = Matrix(numbers.size, size)
            val missing = Matrix(numbers.size, size)
            for ((row, one) in numbers.withIndex()) {
                for (column in 0 until size) {
                    if (one[column].isNaN()) missing[row, column] = 1f else values[row, column] = one[column]
                }
            }
            return Entries(Matrix.of(items, hidden), Matrix.of(phrases, hidden), values, missing)
        }
    }
}
