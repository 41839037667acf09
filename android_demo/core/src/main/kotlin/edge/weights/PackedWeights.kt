package edge.weights

import edge.EdgeError

/** The tensors of a `weights.bin` by name (FORMAT.md). Errors: it is damaged, or declares too much. */
internal fun unpack(data: ByteArray): Map<String, Tensor> {
    val header = readHeader(data)
    val signs = Signs(data, header.end, header.tensors.sumOf { it.nonzero.toLong() })
    val decoder = StreamDecoder(data, signs.end, header.lanes)
    val tensors = LinkedHashMap<String, Tensor>()
    for (entry in header.tensors) {
        tensors[entry.name] = when (entry.kind) {
            "constant" -> Tensor.ofFloats(entry.name, entry.shape, FloatArray(entry.size) { entry.value })
            "floats" -> floats(entry, decoder)
            else -> integers(entry, decoder, tensors.getValue(entry.scale).floats!!, signs)
        }
    }
    decoder.close()
    return tensors
}

/** The signs of all non-zeros, in order. */
private class Signs(private val data: ByteArray, private val begin: Int, count: Long) {
    private var next = 0
    val end: Int

    init {
        val bytes = (count + 7) / 8
        if (bytes > data.size - begin) throw EdgeError("the packed weights are truncated")
        end = begin + bytes.toInt()
        val padding = (bytes * 8 - count).toInt()
        if (bytes > 0 && data[end - 1].toInt() and ((1 shl padding) - 1) != 0) throw EdgeError("the packed weights are damaged")
    }

    fun negative(): Boolean {
        val at = next++
        return data[begin + at / 8].toInt() shr (7 - at % 8) and 1 == 1
    }
}

private fun floats(entry: TensorHeader, decoder: StreamDecoder): Tensor {
    val bits = IntArray(entry.size)
    val contexts = ByteArray(entry.size)
    for (plane in 3 downTo 4 - entry.planes) {
        if (plane < 3) for (index in bits.indices) contexts[index] = if (bits[index] == 0) 1 else 0
        val symbols = decoder.take(contexts, 2, 256)
        for (index in bits.indices) bits[index] = bits[index] or (symbols[index].toInt() and 255 shl 8 * plane)
    }
    val values = FloatArray(entry.size) { Float.fromBits(bits[it]) }
    if (values.any { !it.isFinite() }) damaged(entry)
    return Tensor.ofFloats(entry.name, entry.shape, values)
}

private fun integers(entry: TensorHeader, decoder: StreamDecoder, scales: FloatArray, signs: Signs): Tensor {
    val values = ByteArray(entry.size)
    val mask = decoder.take(ByteArray((entry.size + 3) / 4), 1, 16)
    var nonzero = 0
    for (index in 0 until 4 * mask.size) {
        if (mask[index / 4].toInt() shr (3 - index % 4) and 1 == 0) continue
        if (index >= entry.size) damaged(entry)
        values[index] = 1
        nonzero++
    }
    if (nonzero != entry.nonzero) damaged(entry)
    val levels = decoder.take(levelContexts(entry, values, scales), entry.classes, maxOf(entry.largest, 1))
    var next = 0
    for (index in values.indices) {
        if (values[index].toInt() == 0) continue
        val magnitude = (levels[next++].toInt() and 255) + 1
        values[index] = (if (signs.negative()) -magnitude else magnitude).toByte()
    }
    return Tensor.ofIntegers(entry.name, entry.shape, values)
}

/** The class of the row of each non-zero. */
private fun levelContexts(entry: TensorHeader, mask: ByteArray, scales: FloatArray): ByteArray {
    val contexts = ByteArray(entry.nonzero)
    val classes = rowClasses(scales, entry.classes)
    val columns = entry.shape[1]
    var next = 0
    for (index in mask.indices) if (mask[index].toInt() != 0) contexts[next++] = classes[index / columns]
    return contexts
}

/** Rows by their scales, equal ones by their places, in classes; adding 0 makes -0 equal to 0. */
private fun rowClasses(scales: FloatArray, classes: Int): ByteArray {
    val result = ByteArray(scales.size)
    val ordered = scales.indices.sortedBy { scales[it] + 0f }
    for ((rank, row) in ordered.withIndex()) result[row] = (rank.toLong() * classes / scales.size).toByte()
    return result
}

private fun damaged(entry: TensorHeader): Nothing =
    throw EdgeError("the packed weights are damaged", "tensor ${entry.name.take(60)}")
