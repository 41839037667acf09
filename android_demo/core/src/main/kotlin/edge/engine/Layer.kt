package edge.engine

import edge.bundle.ModelShape

private const val LAYER = "layers.0"

/** Queries, divided by the root of a head's width, keys and values: H columns each, heads side by side. */
internal class Projected(val queries: Matrix, val keys: Matrix, val values: Matrix)

/** The one layer of the model, which is applied at every depth of both stages. */
internal class Layer(private val weights: Parameters, private val shape: ModelShape) {
    private val width = shape.hidden / shape.heads
    private val scale = (1 / Math.sqrt(width.toDouble())).toFloat()

    fun projected(hidden: Matrix): Projected {
        val all = weights.linear("$LAYER.attention_in", weights.norm("$LAYER.attention_norm", hidden))
        val parts = List(3) { Matrix(hidden.rows, shape.hidden) }
        for (row in 0 until hidden.rows) {
            for ((part, matrix) in parts.withIndex()) {
                val begin = row * all.columns + part * shape.hidden
                all.values.copyInto(matrix.values, row * shape.hidden, begin, begin + shape.hidden)
            }
        }
        for (index in parts[0].values.indices) parts[0].values[index] *= scale
        return Projected(parts[0], parts[1], parts[2])
    }

    /** Residual, output projection and feed-forward; [attended] has the heads side by side. */
    fun finish(hidden: Matrix, attended: Matrix): Matrix {
        val middle = weights.linear("$LAYER.attention_out", attended)
        for (index in middle.values.indices) middle.values[index] += hidden.values[index]
        val inner = geluAll(weights.linear("$LAYER.feed_forward_in", weights.norm("$LAYER.feed_forward_norm", middle)))
        val result = weights.linear("$LAYER.feed_forward_out", inner)
        for (index in result.values.indices) result.values[index] += middle.values[index]
        return result
    }

    /** One application to a segment by itself. */
    fun encode(hidden: Matrix): Matrix {
        val projected = projected(hidden)
        val attended = Matrix(hidden.rows, shape.hidden)
        val logits = FloatArray(hidden.rows)
        for (head in 0 until shape.heads) {
            val begin = head * width
            for (row in 0 until hidden.rows) {
                val from = row * shape.hidden + begin
                for (other in logits.indices) {
                    val to = other * shape.hidden + begin
                    logits[other] = dot(projected.queries.values, from, projected.keys.values, to, width)
                }
                softmax(logits)
                for (other in logits.indices) {
                    blend(attended.values, from, projected.values.values, other * shape.hidden + begin, logits[other])
                }
            }
        }
        return finish(hidden, attended)
    }

    /** Adds a share of a head's value. */
    fun blend(target: FloatArray, at: Int, values: FloatArray, from: Int, share: Float) {
        for (index in 0 until width) target[at + index] += share * values[from + index]
    }
}
