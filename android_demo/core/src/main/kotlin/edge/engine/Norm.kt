package edge.engine

/** Each row centred, divided by its deviation, scaled and shifted. */
internal class Norm(private val weight: FloatArray, private val bias: FloatArray) {
    fun of(inputs: Matrix, scratch: Scratch): Matrix = scratch.matrix(inputs.rows, inputs.columns).also { into(it, inputs) }

    fun into(result: Matrix, inputs: Matrix) {
        for (row in 0 until inputs.rows) norm(result, inputs, row)
    }

    private fun norm(result: Matrix, inputs: Matrix, row: Int) {
        val values = inputs.values
        val begin = inputs.at(row)
        val width = inputs.columns
        var mean = 0.0
        for (column in 0 until width) mean += values[begin + column]
        mean /= width
        var variance = 0.0
        for (column in 0 until width) {
            val centred = values[begin + column] - mean
            variance += centred * centred
        }
        val deviation = Math.sqrt(variance / width + EPSILON)
        val at = result.at(row)
        for (column in 0 until width) {
            val centred = values[begin + column] - mean
            result.values[at + column] = (centred / deviation).toFloat() * weight[column] + bias[column]
        }
    }

    private companion object {
        const val EPSILON = 1e-5f
    }
}
