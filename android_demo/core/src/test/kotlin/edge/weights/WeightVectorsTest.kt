package edge.weights

import edge.text.hexOf
import edge.hex
import edge.jsonOf
import edge.objectOf
import edge.refusal
import java.io.ByteArrayOutputStream
import java.security.MessageDigest
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith

class WeightVectorsTest {
    @Test
    fun `every packed file gives its tensors to the bit`() {
        for (vector in vectors("vectors.json")) {
            val tensors = unpack(hex(vector["packed"] as String))
            val expected = objectOf(vector["tensors"] ?: vector["sha256"])
            assertEquals(expected.keys, tensors.keys, vector["name"] as String)
            for ((name, value) in expected) {
                val tensor = tensors.getValue(name)
                val what = "${vector["name"]}: $name"
                if (value is String) assertEquals(value, sha256(tensor), what) else assertValues(value, tensor, what)
            }
        }
    }

    private fun assertValues(expected: Any?, tensor: Tensor, what: String) {
        val flat = flat(expected).map { it as Number }
        val integers = tensor.integers
        if (integers != null) {
            assertEquals(flat.map { it.toInt() }, integers.map { it.toInt() }, what)
        } else {
            assertEquals(flat.map { it.toFloat().toRawBits() }, tensor.floats!!.map { it.toRawBits() }, what)
        }
    }

    @Test
    fun `every damaged file is refused`() {
        for (vector in vectors("damaged.json")) refusal("${vector["name"]}") { unpack(hex(vector["packed"] as String)) }
    }

    @Test
    fun `every truncation of a file is refused`() {
        val packed = hex(vectors("vectors.json")[1]["packed"] as String)
        for (size in 0 until packed.size step 7) refusal("$size bytes") { unpack(packed.copyOf(size)) }
    }

    @Test
    fun `every form of a tensor has its bytes`() {
        for (vector in vectors("holes.json")) {
            val shape = (vector["shape"] as List<*>).map { (it as Number).toInt() }.toIntArray()
            val tensor = if (vector["kind"] == "int8") {
                Tensor.ofIntegers("t", shape, flat(vector["values"]).map { (it as Number).toByte() }.toByteArray())
            } else {
                val bits = flat(vector["bits"]).map { Float.fromBits((it as String).toLong(16).toInt()) }
                Tensor.ofFloats("t", shape, bits.toFloatArray())
            }
            for ((form, bytes) in objectOf(vector["forms"])) {
                assertEquals(bytes, hexOf(inForm(tensor, form)), "${vector["name"]}: $form")
            }
            refusal("another form") { inForm(tensor, if (tensor.floats == null) "float32" else "rows") }
        }
    }

    @Test
    fun `every float16 is its own nearest`() {
        for (half in 0..0xFFFF) {
            val value = fromHalf(half)
            if (!value.isNaN()) assertEquals(half, toHalf(value))
        }
    }

    @Test
    fun `holes that do not fit are refused`() {
        val weights = mapOf("w" to Tensor.ofIntegers("w", intArrayOf(2, 2), byteArrayOf(1, 2, 3, 4)))
        val rest = byteArrayOf(9, 9, 9)
        fun filled(size: Long, vararg holes: Hole): ByteArray =
            ByteArrayOutputStream().also { fill(rest, holes.toList(), weights, size, it) }.toByteArray()
        assertContentEquals(byteArrayOf(9, 1, 2, 3, 4, 9, 9), filled(7, Hole(1, "w", "rows")))
        for (hole in listOf(Hole(4, "w", "rows"), Hole(1, "x", "rows"), Hole(1, "w", "float32"), Hole(1, "w", "columns"))) {
            refusal(hole.form) { filled(7, hole) }
        }
        refusal("overlap") { filled(11, Hole(1, "w", "rows"), Hole(3, "w", "rows")) }
        refusal("another size") { filled(8, Hole(1, "w", "rows")) }
        refusal("a bomb") { filled(3L + 4 * 9, *Array(9) { Hole(1L + 4 * it, "w", "rows") }) }
        assertFailsWith<edge.EdgeError> { filled(6, Hole(1, "w", "rows")) }
    }

    private fun vectors(name: String) = (jsonOf("edge/bundle/weights/$name") as List<*>).map(::objectOf)

    private fun flat(value: Any?): List<Any?> = if (value is List<*>) value.flatMap(::flat) else listOf(value)
}

/** Of a tensor's bytes, little-endian, as hex digits. */
internal fun sha256(tensor: Tensor): String =
    hexOf(MessageDigest.getInstance("SHA-256").digest(inForm(tensor, if (tensor.floats == null) "rows" else "float32")))
