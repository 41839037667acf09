package edge.weights

import edge.EdgeError
import edge.json.JsonError
import edge.json.JsonReader

private const val MAGIC = "EDGEWTS2"
private const val MAX_TENSORS = 200
private const val MAX_VALUES = 1L shl 26
private const val VALUES_BEFORE = 65_536L
private const val VALUES_PER_BYTE = 32L
private const val SYMBOLS_PER_LANE = 8_192L
private const val NONZERO_PER_CLASS = 256L
private val LANES = intArrayOf(16, 32, 64, 128, 256)
private val KEYS = setOf("name", "kind", "shape", "value", "nonzero", "largest", "planes", "classes")

/** What the header of a `weights.bin` says of a tensor. */
internal class TensorHeader(
    @JvmField val name: String,
    @JvmField val kind: String,
    @JvmField val shape: IntArray,
    @JvmField val value: Float,
    @JvmField val nonzero: Int,
    @JvmField val largest: Int,
    @JvmField val planes: Int,
    @JvmField val classes: Int,
) {
    val size: Int = shape.fold(1L) { product, extent -> minOf(product * extent, MAX_VALUES + 1) }.toInt()
    val scale: String get() = name.removeSuffix("weight") + "scale"

    /** Of all its streams. */
    val symbols: Long
        get() = when (kind) {
            "integers" -> (size + 3L) / 4 + nonzero
            "floats" -> planes.toLong() * size
            else -> 0
        }
}

/** The header of a `weights.bin`; [end] is where it ends. */
internal class WeightsHeader(val lanes: Int, val tensors: List<TensorHeader>, val end: Int)

/** Errors: another version, a header that is damaged or declares more than such a file can hold. */
internal fun readHeader(data: ByteArray): WeightsHeader {
    if (data.size < 12 || String(data, 0, 8, Charsets.ISO_8859_1) != MAGIC) throw EdgeError("these are no packed weights")
    val length = littleEndian(data, 8)
    if (length < 0 || length > data.size - 12) damaged("its length")
    val header = jsonOf(data, length)
    val lanes = header["lanes"] as? Long ?: damaged("lanes")
    val listed = header["tensors"] as? List<*> ?: damaged("tensors")
    if (header.size != 2) damaged("its keys")
    if (listed.size > MAX_TENSORS) throw EdgeError("the packed weights declare ${listed.size} tensors, $MAX_TENSORS at most")
    val tensors = listed.map { tensorOf(it as? Map<*, *> ?: damaged("tensors")) }
    checkTensors(tensors)
    val symbols = tensors.sumOf { it.symbols }
    if (lanes != LANES.last { it == LANES[0] || it * SYMBOLS_PER_LANE <= symbols }.toLong()) damaged("$lanes lanes")
    val values = tensors.sumOf { it.size.toLong() }
    if (values > minOf(MAX_VALUES, VALUES_BEFORE + VALUES_PER_BYTE * data.size)) {
        throw EdgeError("the packed weights declare $values values in ${data.size} bytes: refused as a bomb")
    }
    return WeightsHeader(lanes.toInt(), tensors, 12 + length)
}

private fun jsonOf(data: ByteArray, length: Int): Map<*, *> {
    for (index in 12 until 12 + length) if (data[index] < 0) damaged("it is not ASCII")
    return try {
        JsonReader.readStrictly(String(data, 12, length, Charsets.ISO_8859_1)) as? Map<*, *> ?: damaged("it is no object")
    } catch (error: JsonError) {
        damaged(error.message.orEmpty())
    }
}

private fun tensorOf(entry: Map<*, *>): TensorHeader {
    if (!KEYS.containsAll(entry.keys)) damaged("unknown keys of a tensor")
    val name = entry["name"] as? String ?: damaged("a tensor's name")
    val kind = entry["kind"] as? String ?: damaged("a tensor's kind")
    val shape = (entry["shape"] as? List<*> ?: damaged("a tensor's shape")).map { extent ->
        (extent as? Long)?.takeIf { it in 1..MAX_VALUES }?.toInt() ?: damaged("a tensor's shape")
    }
    val value = number(entry, "value")
    if (Math.abs(value) > Float.MAX_VALUE) damaged("a tensor's value")
    return TensorHeader(
        name, kind, shape.toIntArray(), value.toFloat(), count(entry, "nonzero", 0), count(entry, "largest", 0),
        count(entry, "planes", 4), count(entry, "classes", 1),
    )
}

private fun number(entry: Map<*, *>, key: String): Double =
    if (key in entry) (entry[key] as? Number ?: damaged("a tensor's $key")).toDouble() else 0.0

private fun count(entry: Map<*, *>, key: String, default: Int): Int {
    if (key !in entry) return default
    val value = entry[key] as? Long ?: damaged("a tensor's $key")
    return if (value in 0..MAX_VALUES) value.toInt() else damaged("a tensor's $key")
}

private fun checkTensors(tensors: List<TensorHeader>) {
    val known = HashMap<String, TensorHeader>()
    for (tensor in tensors) {
        val sound = tensor.shape.size in 1..4 && tensor.size <= MAX_VALUES && when (tensor.kind) {
            "integers" -> isSound(tensor, known[tensor.scale])
            "floats" -> hasNone(tensor) && tensor.value == 0f && tensor.planes in 1..4
            "constant" -> hasNone(tensor) && tensor.planes == 4
            else -> false
        }
        if (!sound || known.put(tensor.name, tensor) != null) damaged("tensor ${tensor.name.take(60)}")
    }
}

private fun hasNone(tensor: TensorHeader) = tensor.nonzero == 0 && tensor.largest == 0 && tensor.classes == 1

private fun isSound(tensor: TensorHeader, scale: TensorHeader?): Boolean {
    val classes = tensor.classes
    val possible = classes == 1 || (classes in 2..64 && classes and (classes - 1) == 0 && classes * NONZERO_PER_CLASS <= tensor.nonzero)
    return possible && tensor.value == 0f && tensor.planes == 4 && tensor.shape.size == 2 &&
        tensor.nonzero <= tensor.size && tensor.largest <= 127 && (tensor.nonzero > 0) == (tensor.largest > 0) &&
        scale != null && scale.kind != "integers" && scale.shape.contentEquals(intArrayOf(tensor.shape[0]))
}

private fun damaged(what: String): Nothing = throw EdgeError("the header of the packed weights is damaged", what)
