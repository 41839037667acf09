// LiteRT's Kotlin classes as edge.litert calls them, over our own native code instead of LiteRT's, which is built for Android
// alone: it proves that KotlinModel asks for the right things, not that LiteRT's classes answer so.
package com.google.ai.edge.litert

import edge.litert.Native
import java.io.File

class LiteRtException(message: String) : Exception(message)

enum class Accelerator { NONE, CPU, GPU, NPU }

class TensorType(val layout: Layout? = null) {
    class Layout(val dimensions: List<Int>)
}

class TensorBuffer internal constructor(internal val handle: Long, private val size: Int) : AutoCloseable {
    fun writeFloat(data: FloatArray) = Native.writeFloats(handle, 0, data, 0, data.size)

    fun writeInt(data: IntArray) = Native.writeInts(handle, 0, data, 0, data.size)

    fun readFloat(): FloatArray = FloatArray(size).also { Native.readFloats(handle, 0, it, 0, size) }

    override fun close() = Native.closeBuffer(handle)
}

class Environment private constructor()

class CompiledModel private constructor(private val handle: Long) : AutoCloseable {
    class CpuOptions(val numThreads: Int? = null, val xnnPackFlags: Int? = null, val xnnPackWeightCachePath: String? = null)

    class Options(vararg accelerators: Accelerator) {
        var cpuOptions: CpuOptions? = null
    }

    private val names = Native.signatures(handle).toList()

    fun createInputBuffer(inputName: String, signature: String = ""): TensorBuffer = buffer(signature, inputName, false)

    fun createOutputBuffer(outputName: String, signature: String = ""): TensorBuffer = buffer(signature, outputName, true)

    fun getInputTensorType(inputName: String, signature: String = ""): TensorType = type(signature, inputName, false)

    fun getOutputTensorType(outputName: String, signature: String = ""): TensorType = type(signature, outputName, true)

    fun run(inputs: Map<String, TensorBuffer>, outputs: Map<String, TensorBuffer>, signature: String = "") {
        val index = names.indexOf(signature)
        fun handles(buffers: Map<String, TensorBuffer>, output: Boolean) =
            Native.arrays(handle, index, output).map { buffers.getValue(it).handle }.toLongArray()
        Native.run(handle, index, handles(inputs, false), handles(outputs, true))
    }

    override fun close() = Native.close(handle)

    private fun buffer(signature: String, name: String, output: Boolean): TensorBuffer {
        val size = type(signature, name, output).layout!!.dimensions.fold(1) { all, extent -> all * extent }
        return TensorBuffer(Native.buffer(handle, names.indexOf(signature), output, place(signature, name, output)), size)
    }

    private fun type(signature: String, name: String, output: Boolean): TensorType {
        val extents = Native.extents(handle, names.indexOf(signature), output, place(signature, name, output))
        return TensorType(TensorType.Layout(extents.drop(1)))
    }

    private fun place(signature: String, name: String, output: Boolean): Int {
        val place = if (signature in names) Native.arrays(handle, names.indexOf(signature), output).indexOf(name) else -1
        return if (place >= 0) place else throw LiteRtException("there is no $name in $signature")
    }

    companion object {
        @JvmStatic
        @JvmOverloads
        fun create(filePath: String, options: Options = Options(Accelerator.CPU), optionalEnv: Environment? = null): CompiledModel {
            check(options.cpuOptions?.xnnPackWeightCachePath == ":memory" && optionalEnv == null)
            return CompiledModel(Native.open(filePath, File(filePath).parent, options.cpuOptions?.numThreads ?: 1))
        }
    }
}
