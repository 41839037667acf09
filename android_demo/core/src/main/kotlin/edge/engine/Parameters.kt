package edge.engine

import edge.EdgeError
import edge.weights.Tensor

/** A model's parameters by name: float32, or int8 with a `.scale` for each row. */
internal class Parameters(private val tensors: Map<String, Tensor>) {
    operator fun contains(name: String): Boolean = name in tensors

    fun floats(name: String): FloatArray = tensor(name).floats ?: throw EdgeError("the weights of $name are integers")

    /** A row of a table. */
    fun row(name: String, index: Int): FloatArray {
        val table = tensor("$name.weight")
        val begin = index * table.columns
        val integers = table.integers ?: return table.floats!!.copyOfRange(begin, begin + table.columns)
        val scale = floats("$name.scale")[index]
        return FloatArray(table.columns) { integers[begin + it] * scale }
    }

    fun norm(name: String, inputs: Matrix): Matrix = norm(inputs, floats("$name.weight"), floats("$name.bias"))

    /** (row, inputs) -> (row, outputs): x W^T + b, in integers where the weights are. */
    fun linear(name: String, inputs: Matrix): Matrix {
        val weight = tensor("$name.weight")
        val bias = floats("$name.bias")
        val integers = weight.integers
        val result = if (integers == null) product(inputs, weight) else integerProduct(name, inputs, weight.rows, integers)
        for (row in 0 until result.rows) result.add(row, bias)
        return result
    }

    /** x W^T, in float. */
    fun product(name: String, inputs: Matrix): Matrix = product(inputs, tensor("$name.weight"))

    private fun product(inputs: Matrix, weight: Tensor): Matrix {
        val result = Matrix(inputs.rows, weight.rows)
        val values = weight.floats!!
        for (row in 0 until inputs.rows) {
            for (output in 0 until weight.rows) {
                result[row, output] = dot(inputs.values, row * inputs.columns, values, output * inputs.columns, inputs.columns)
            }
        }
        return result
    }

    private fun integerProduct(name: String, inputs: Matrix, outputs: Int, weight: ByteArray): Matrix {
        val width = inputs.columns
        val scales = floats("$name.scale")
        val result = Matrix(inputs.rows, outputs)
        val levels = IntArray(width)
        for (row in 0 until inputs.rows) {
            val step = levelsOf(inputs.values, row * width, width, levels)
            for (output in 0 until outputs) {
                var sum = 0
                val begin = output * width
                for (index in 0 until width) sum += levels[index] * weight[begin + index]
                result[row, output] = sum.toFloat() * step * scales[output]
            }
        }
        return result
    }

    private fun tensor(name: String): Tensor = tensors[name] ?: throw EdgeError("the weights have no $name")
}

internal fun dot(a: FloatArray, aBegin: Int, b: FloatArray, bBegin: Int, count: Int): Float {
    var sum = 0f
    for (index in 0 until count) sum += a[aBegin + index] * b[bBegin + index]
    return sum
}
