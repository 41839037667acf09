package edge.weights

import edge.EdgeError
import edge.text.shown

/** The bytes of a tensor in a form (FORMAT.md, "Holes"). Errors: a form that a tensor of this type does not have. */
internal fun inForm(tensor: Tensor, form: String): ByteArray {
    val integers = tensor.integers
    val floats = tensor.floats
    if (integers != null) {
        when (form) {
            "rows" -> return integers
            "columns+128" -> return columns(integers, tensor.rows, tensor.columns)
            "nibbles" -> return nibbles(integers)
            "mask" -> return mask(integers)
            "nonzeros" -> return nonzeros(integers)
            "nonzero-nibbles" -> return nibbles(nonzeros(integers))
            "sums" -> return sums(integers, tensor.rows, tensor.columns)
        }
    } else if (floats != null) {
        when (form) {
            "float32" -> return bytes(floats.size, 4) { floats[it].toRawBits() }
            "float16" -> return bytes(floats.size, 2) { toHalf(floats[it]) }
        }
    }
    throw EdgeError("a hole has the form ${shown(form)}, which its tensor does not have", tensor.name.take(60))
}

private fun columns(values: ByteArray, rows: Int, columns: Int): ByteArray {
    val result = ByteArray(values.size)
    for (row in 0 until rows) {
        for (column in 0 until columns) {
            result[column * rows + row] = (values[row * columns + column] + 128).toByte()
        }
    }
    return result
}

private fun nibbles(values: ByteArray): ByteArray = ByteArray((values.size + 1) / 2) { index ->
    val low = values[2 * index].toInt() and 15
    val high = if (2 * index + 1 < values.size) values[2 * index + 1].toInt() and 15 else 0
    (low or (high shl 4)).toByte()
}

private fun mask(values: ByteArray): ByteArray {
    val result = ByteArray((values.size + 7) / 8)
    for (index in values.indices) {
        if (values[index].toInt() != 0) result[index / 8] = (result[index / 8].toInt() or (1 shl index % 8)).toByte()
    }
    return result
}

private fun nonzeros(values: ByteArray): ByteArray {
    val result = ByteArray(values.count { it.toInt() != 0 })
    var next = 0
    for (value in values) if (value.toInt() != 0) result[next++] = value
    return result
}

private fun sums(values: ByteArray, rows: Int, columns: Int): ByteArray = bytes(rows, 4) { row ->
    var sum = 0
    for (index in row * columns until (row + 1) * columns) sum += values[index]
    sum.toFloat().toRawBits()
}

/** The lowest bytes of integers, little-endian. */
private inline fun bytes(count: Int, each: Int, bits: (Int) -> Int): ByteArray {
    val result = ByteArray(count * each)
    for (index in 0 until count) {
        val value = bits(index)
        for (byte in 0 until each) result[index * each + byte] = (value shr 8 * byte).toByte()
    }
    return result
}
