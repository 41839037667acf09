package edge.engine

import edge.weights.Tensor

/** Rows by their number: float32, or integers times the [scales] of their rows. */
internal class Table(private val weight: Tensor, private val scales: FloatArray?) {
    /** Adds a row to a row of [target]. */
    fun addTo(target: Matrix, row: Int, index: Int) {
        val begin = index * weight.columns
        val integers = weight.integers ?: return target.add(row, weight.floats!!, begin)
        val scale = scales!![index]
        val at = target.at(row)
        for (column in 0 until weight.columns) target.values[at + column] += integers[begin + column] * scale
    }
}
