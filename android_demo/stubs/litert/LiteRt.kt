// The signatures of LiteRT's Kotlin classes that edge.litert calls, as LiteRT 2 documents them: to compile against where its
// library cannot be fetched. Nothing here is packaged.
package com.google.ai.edge.litert

private fun stub(): Nothing = throw UnsupportedOperationException("a stub to compile against")

public class LiteRtException(message: String) : Exception(message)

public enum class Accelerator { NONE, CPU, GPU, NPU }

public class TensorType(public val layout: Layout? = null) {
    public class Layout(public val dimensions: List<Int>)
}

public class TensorBuffer internal constructor() : AutoCloseable {
    public fun writeFloat(data: FloatArray): Unit = stub()

    public fun writeInt(data: IntArray): Unit = stub()

    public fun readFloat(): FloatArray = stub()

    override fun close(): Unit = stub()
}

public class Environment private constructor()

public class CompiledModel private constructor() : AutoCloseable {
    public class CpuOptions(
        public val numThreads: Int? = null,
        public val xnnPackFlags: Int? = null,
        public val xnnPackWeightCachePath: String? = null,
    )

    public class Options(vararg accelerators: Accelerator) {
        public var cpuOptions: CpuOptions? = null
    }

    public fun createInputBuffer(inputName: String, signature: String = ""): TensorBuffer = stub()

    public fun createOutputBuffer(outputName: String, signature: String = ""): TensorBuffer = stub()

    public fun getInputTensorType(inputName: String, signature: String = ""): TensorType = stub()

    public fun getOutputTensorType(outputName: String, signature: String = ""): TensorType = stub()

    public fun run(inputs: Map<String, TensorBuffer>, outputs: Map<String, TensorBuffer>, signature: String = ""): Unit = stub()

    override fun close(): Unit = stub()

    public companion object {
        @JvmStatic
        @JvmOverloads
        public fun create(
            filePath: String, options: Options = Options(Accelerator.CPU), optionalEnv: Environment? = null,
        ): CompiledModel = stub()
    }
}
