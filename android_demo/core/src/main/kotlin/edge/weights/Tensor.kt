package edge.weights

/** A tensor of the model, row-major: [integers] of (rows, columns), or [floats]; the other one is null. */
internal class Tensor private constructor(
    @JvmField val name: String,
    @JvmField val shape: IntArray,
    @JvmField val integers: ByteArray?,
    @JvmField val floats: FloatArray?,
) {
    val size: Int get() = integers?.size ?: floats!!.size

    /** Rows and columns of a matrix; a vector is one row. */
    val columns: Int get() = shape.last()
    val rows: Int get() = size / columns

    internal companion object {
        fun ofIntegers(name: String, shape: IntArray, values: ByteArray) = Tensor(name, shape, values, null)

        fun ofFloats(name: String, shape: IntArray, values: FloatArray) = Tensor(name, shape, null, values)
    }
}
