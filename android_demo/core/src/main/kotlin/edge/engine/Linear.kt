package edge.engine

import edge.EdgeError
import edge.weights.Tensor

/** x W^T + b of a layer's rows. */
internal interface Linear {
    val outputs: Int

    /** (row, inputs) -> (row, outputs), into [result]. */
    fun into(result: Matrix, inputs: Matrix)
}

internal fun Linear.of(inputs: Matrix, scratch: Scratch): Matrix = scratch.matrix(inputs.rows, outputs).also { into(it, inputs) }

/** In float32; [bias] may be absent. */
internal class FloatLinear(weight: Tensor, private val bias: FloatArray?) : Linear {
    private val weights = weight.floats ?: throw EdgeError("the weights of ${weight.name} are integers")
    private val width = weight.columns
    override val outputs = weight.rows

    override fun into(result: Matrix, inputs: Matrix) {
        for (row in 0 until inputs.rows) {
            dots(inputs.values, inputs.at(row), weights, 0, width, width, result.values, result.at(row), outputs)
            if (bias != null) result.add(row, bias)
        }
    }
}

/** In integers, of which only those that are not 0 are kept: a sum of products does not change, whatever is left out. */
internal class IntegerLinear(
    weight: Tensor, private val scales: FloatArray, private val bias: FloatArray, private val levels: Levels,
) : Linear {
    private val width = weight.columns
    override val outputs = weight.rows
    private val ends = IntArray(outputs)
    private val columns: CharArray
    private val values: ByteArray

    init {
        if (width > Char.MAX_VALUE.code + 1) throw EdgeError("${weight.name} has $width inputs, ${Char.MAX_VALUE.code + 1} at most")
        val all = weight.integers!!
        columns = CharArray(all.count { it.toInt() != 0 })
        values = ByteArray(columns.size)
        var next = 0
        for ((index, value) in all.withIndex()) {
            if (value.toInt() != 0) {
                columns[next] = (index % width).toChar()
                values[next++] = value
            }
            ends[index / width] = next
        }
    }

    override fun into(result: Matrix, inputs: Matrix) {
        levels.quantise(inputs)
        for (tile in 0 until tilesOf(inputs.rows)) {
            var begin = 0
            for (output in 0 until outputs) {
                column(result, output, tile, begin)
                begin = ends[output]
            }
        }
    }

    /** One output of a tile's rows. */
    private fun column(result: Matrix, output: Int, tile: Int, begin: Int) {
        val packed = levels.packed
        val first = tile * width * TILE
        var s0 = 0L
        var s1 = 0L
        var s2 = 0L
        var s3 = 0L
        for (index in begin until ends[output]) {
            val weight = values[index].toLong()
            val at = first + columns[index].code * TILE
            s0 += packed[at] * weight
            s1 += packed[at + 1] * weight
            s2 += packed[at + 2] * weight
            s3 += packed[at + 3] * weight
        }
        val row = tile * 2 * TILE
        pair(result, row, output, s0)
        pair(result, row + 2, output, s1)
        pair(result, row + 4, output, s2)
        pair(result, row + 6, output, s3)
    }

    private fun pair(result: Matrix, row: Int, output: Int, sum: Long) {
        if (row < result.rows) result[row, output] = low(sum).toFloat() * levels.steps[row] * scales[output] + bias[output]
        if (row + 1 < result.rows) result[row + 1, output] = high(sum).toFloat() * levels.steps[row + 1] * scales[output] + bias[output]
    }
}
