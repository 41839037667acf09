package edge.litert

import edge.EdgeError
import java.io.File

/** A LiteRT file through the C API. Errors: it is none that LiteRT reads. */
internal class NativeModel(file: File, threads: Int) : LiteRtModel {
    private val handle = loading { Native.open(file.path, file.parentFile!!.path, threads) }
    private val signatures = Native.signatures(handle).withIndex().associate { (index, name) -> name to index }
    private val arrays = HashMap<Pair<String, Boolean>, List<String>>()

    override fun extents(signature: String, array: String, output: Boolean): List<Int>? {
        val index = names(signature, output).indexOf(array)
        if (index < 0) return null
        return Native.extents(handle, signatures.getValue(signature), output, index).drop(1)
    }

    override fun buffer(signature: String, array: String, output: Boolean): LiteRtBuffer {
        val index = names(signature, output).indexOf(array)
        return NativeBuffer(Native.buffer(handle, signatures.getValue(signature), output, index))
    }

    override fun run(signature: String, inputs: Map<String, LiteRtBuffer>, outputs: Map<String, LiteRtBuffer>): LiteRtRun {
        val index = signatures.getValue(signature)
        val (given, taken) = listOf(false to inputs, true to outputs).map { (output, buffers) ->
            names(signature, output).map { (buffers.getValue(it) as NativeBuffer).handle }.toLongArray()
        }
        return LiteRtRun { Native.run(handle, index, given, taken) }
    }

    override fun close() = Native.close(handle)

    private fun names(signature: String, output: Boolean): List<String> = arrays.getOrPut(signature to output) {
        signatures[signature]?.let { Native.arrays(handle, it, output).toList() }.orEmpty()
    }
}

private class NativeBuffer(val handle: Long) : LiteRtBuffer {
    override fun write(vararg parts: FloatArray) {
        var offset = 0
        for (part in parts) {
            Native.writeFloats(handle, offset, part, 0, part.size)
            offset += part.size
        }
    }

    override fun write(values: FloatArray, from: Int, count: Int) = Native.writeFloats(handle, 0, values, from, count)

    override fun write(values: IntArray) = Native.writeInts(handle, 0, values, 0, values.size)

    override fun read(offset: Int, into: FloatArray) = Native.readFloats(handle, offset, into, 0, into.size)

    override fun close() = Native.closeBuffer(handle)
}

private fun <T> loading(action: () -> T): T = try {
    action()
} catch (error: LinkageError) {
    throw EdgeError("LiteRT's native library is not in this app", error.message.orEmpty(), "package libLiteRt.so and libedge_litert.so")
} catch (error: IllegalStateException) {
    throw EdgeError("LiteRT cannot open the model", error.message.orEmpty(), "export the bundle again")
}
