package edge.litert

import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.LiteRtException
import com.google.ai.edge.litert.TensorBuffer
import edge.EdgeError
import java.io.File

private const val SHARED_WEIGHTS = ":memory" // packed once for all signatures

/** A LiteRT file through LiteRT's Kotlin classes. Errors: it is none that LiteRT reads. */
internal class KotlinModel(file: File, threads: Int) : LiteRtModel {
    private val model: CompiledModel = try {
        val options = CompiledModel.Options(Accelerator.CPU)
        options.cpuOptions = CompiledModel.CpuOptions(threads, null, SHARED_WEIGHTS)
        CompiledModel.create(file.path, options)
    } catch (error: LinkageError) { // neither its classes nor its library
        throw EdgeError("LiteRT is not in this app", error.message.orEmpty(), "add com.google.ai.edge.litert:litert to it")
    } catch (error: LiteRtException) {
        throw EdgeError("LiteRT cannot open the model", error.message.orEmpty(), "export the bundle again")
    }

    override fun extents(signature: String, array: String, output: Boolean): List<Int>? = try {
        val type = if (output) model.getOutputTensorType(array, signature) else model.getInputTensorType(array, signature)
        type.layout?.dimensions
    } catch (error: LiteRtException) {
        null
    }

    override fun buffer(signature: String, array: String, output: Boolean): LiteRtBuffer = running {
        val dimensions = extents(signature, array, output).orEmpty()
        val made = if (output) model.createOutputBuffer(array, signature) else model.createInputBuffer(array, signature)
        KotlinBuffer(made, dimensions.fold(1) { size, extent -> size * extent })
    }

    override fun run(signature: String, inputs: Map<String, LiteRtBuffer>, outputs: Map<String, LiteRtBuffer>): LiteRtRun {
        val (given, taken) = listOf(inputs, outputs).map { buffers -> buffers.mapValues { (it.value as KotlinBuffer).buffer } }
        return LiteRtRun { running { model.run(given, taken, signature) } }
    }

    override fun close() = model.close()
}

/** Arrays are written whole: what comes in parts is put together first, in memory that is kept. */
private class KotlinBuffer(val buffer: TensorBuffer, size: Int) : LiteRtBuffer {
    private val whole by lazy { FloatArray(size) }

    override fun write(vararg parts: FloatArray) {
        var offset = 0
        for (part in parts) offset += part.size.also { part.copyInto(whole, offset) }
        running { buffer.writeFloat(whole) }
    }

    override fun write(values: FloatArray, from: Int, count: Int) {
        values.copyInto(whole, 0, from, from + count)
        running { buffer.writeFloat(whole) }
    }

    override fun write(values: IntArray) = running { buffer.writeInt(values) }

    override fun read(offset: Int, into: FloatArray) {
        running { buffer.readFloat() }.copyInto(into, 0, offset, offset + into.size)
    }

    override fun close() = buffer.close()
}

private fun <T> running(action: () -> T): T = try {
    action()
} catch (error: LiteRtException) {
    throw IllegalStateException(error.message, error)
}
