package edge.ort

import ai.onnxruntime.OnnxTensor
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import java.nio.IntBuffer

private const val BYTES = 4

/** The inputs of all entry points by name, in native memory that is kept from call to call. For one thread at a time. */
internal class Tensors {
    private class Kept(val bytes: ByteBuffer, val extents: LongArray, val tensor: OnnxTensor)

    private val kept = HashMap<String, Kept>()
    private val environment = environment()

    operator fun get(name: String): OnnxTensor = kept.getValue(name).tensor

    fun floats(name: String, vararg extents: Int, fill: (FloatBuffer) -> Unit) {
        val bytes = bytesOf(name, extents) { bytes, shape -> OnnxTensor.createTensor(environment, bytes.asFloatBuffer(), shape) }
        if (bytes != null) fill(bytes.asFloatBuffer())
    }

    fun ints(name: String, vararg extents: Int, fill: (IntBuffer) -> Unit) {
        val bytes = bytesOf(name, extents) { bytes, shape -> OnnxTensor.createTensor(environment, bytes.asIntBuffer(), shape) }
        if (bytes != null) fill(bytes.asIntBuffer())
    }

    fun close() {
        for (one in kept.values) one.tensor.close()
        kept.clear()
    }

    /** The memory of a tensor, which is made again if its extents are others; null if it has no element. */
    private fun bytesOf(name: String, extents: IntArray, make: (ByteBuffer, LongArray) -> OnnxTensor): ByteBuffer? {
        val size = extents.fold(BYTES) { size, extent -> size * extent }
        if (size == 0) return null
        val shape = LongArray(extents.size) { extents[it].toLong() }
        val before = kept[name]
        if (before != null && before.extents.contentEquals(shape)) return before.bytes
        before?.tensor?.close()
        val room = before?.bytes?.takeIf { it.capacity() >= size } ?: ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder())
        room.limit(size)
        kept[name] = Kept(room, shape, make(room, shape))
        return room
    }
}
