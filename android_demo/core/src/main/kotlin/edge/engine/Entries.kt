package edge.engine

import edge.bundle.ModelShape

/** New entries or candidates: summaries (n, H), numbers and which of them are missing (n, N). */
internal class Entries(
    @JvmField val items: Matrix,
    @JvmField val phrases: Matrix,
    @JvmField val numbers: Matrix,
    @JvmField val missing: Matrix,
) {
    val count: Int get() = items.rows

    /** [count] of them from [first] on. */
    fun part(first: Int, count: Int) =
        Entries(items.part(first, count), phrases.part(first, count), numbers.part(first, count), missing.part(first, count))

    /** Numbers that are NaN are missing. */
    fun setNumbers(row: Int, of: FloatArray) {
        for (column in of.indices) {
            if (of[column].isNaN()) missing[row, column] = 1f else numbers[row, column] = of[column]
        }
    }

    internal companion object {
        /** All 0. */
        fun of(count: Int, shape: ModelShape, scratch: Scratch = Scratch()) = Entries(
            scratch.matrix(count, shape.hidden), scratch.matrix(count, shape.hidden),
            scratch.matrix(count, shape.numbers), scratch.matrix(count, shape.numbers),
        )
    }
}
