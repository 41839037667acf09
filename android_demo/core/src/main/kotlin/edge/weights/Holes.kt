package edge.weights

import edge.EdgeError
import java.io.OutputStream

private const val MOST_FILLED = 8L

/** At [offset] of the whole file stands a tensor in a form. */
internal class Hole(val offset: Long, val tensor: String, val form: String)

/** Writes the whole file of [size] bytes. Errors: holes out of order, unknown tensors or forms, another size. */
internal fun fill(rest: ByteArray, holes: List<Hole>, weights: Map<String, Tensor>, size: Long, out: OutputStream) {
    val most = MOST_FILLED * weights.values.sumOf { it.size.toLong() }
    var produced = 0L
    var used = 0
    var filled = 0L
    for (hole in holes) {
        val between = hole.offset - produced
        val tensor = weights[hole.tensor]
        if (between < 0 || between > rest.size - used || tensor == null) {
            throw EdgeError("a hole at byte ${hole.offset} cannot be filled", hole.tensor.take(60))
        }
        filled += tensor.size
        if (filled > most) throw EdgeError("its holes hold the weights more than $MOST_FILLED times over")
        out.write(rest, used, between.toInt())
        used += between.toInt()
        val content = inForm(tensor, hole.form)
        produced = hole.offset + content.size
        if (produced > size) throw EdgeError("its holes hold more than the $size bytes that it declares")
        out.write(content)
    }
    if (produced + rest.size - used != size) throw EdgeError("it is not $size bytes long, as it declares")
    out.write(rest, used, rest.size - used)
}
