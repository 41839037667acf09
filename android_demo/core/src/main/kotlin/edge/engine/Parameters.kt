package edge.engine

import edge.EdgeError
import edge.weights.Tensor

/** A model's parameters by name: float32, or int8 with a `.scale` for each row. Errors: one is missing, or of another shape. */
internal class Parameters(private val tensors: Map<String, Tensor>, private val levels: Levels) {
    operator fun contains(name: String): Boolean = name in tensors

    fun floats(name: String, vararg shape: Int): FloatArray =
        tensor(name, shape).floats ?: throw EdgeError("the weights of $name are integers")

    fun norm(name: String, width: Int) = Norm(floats("$name.weight", width), floats("$name.bias", width))

    fun linear(name: String, inputs: Int, outputs: Int): Linear {
        val weight = tensor("$name.weight", intArrayOf(outputs, inputs))
        val bias = floats("$name.bias", outputs)
        if (weight.integers == null) return FloatLinear(weight, bias)
        return IntegerLinear(weight, floats("$name.scale", outputs), bias, levels)
    }

    /** x W^T, in float. */
    fun product(name: String, inputs: Int, outputs: Int): Linear = FloatLinear(tensor("$name.weight", intArrayOf(outputs, inputs)), null)

    fun table(name: String, rows: Int, columns: Int): Table {
        val weight = tensor("$name.weight", intArrayOf(rows, columns))
        return Table(weight, if (weight.integers == null) null else floats("$name.scale", rows))
    }

    /** Extents of a matrix whose shape the manifest does not give. */
    fun rows(name: String): Int = matrix(name).rows

    fun columns(name: String): Int = matrix(name).columns

    private fun matrix(name: String): Tensor {
        val tensor = tensors["$name.weight"] ?: throw EdgeError("the weights have no $name.weight")
        return if (tensor.shape.size == 2) tensor else throw EdgeError("$name.weight is no matrix")
    }

    private fun tensor(name: String, shape: IntArray): Tensor {
        val tensor = tensors[name] ?: throw EdgeError("the weights have no $name")
        if (tensor.shape.contentEquals(shape)) return tensor
        throw EdgeError("the weights of $name have the shape ${tensor.shape.joinToString()}, not ${shape.joinToString()}")
    }
}
