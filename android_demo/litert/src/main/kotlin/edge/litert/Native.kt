package edge.litert

/** `edge_litert.c`: LiteRT's C API, as far as the engine calls it. Errors: IllegalStateException. */
internal object Native {
    init {
        System.loadLibrary("edge_litert")
    }

    @JvmStatic external fun open(path: String, directory: String, threads: Int): Long

    @JvmStatic external fun close(model: Long)

    @JvmStatic external fun signatures(model: Long): Array<String>

    @JvmStatic external fun arrays(model: Long, signature: Int, output: Boolean): Array<String>

    @JvmStatic external fun extents(model: Long, signature: Int, output: Boolean, index: Int): IntArray

    @JvmStatic external fun buffer(model: Long, signature: Int, output: Boolean, index: Int): Long

    @JvmStatic external fun closeBuffer(buffer: Long)

    @JvmStatic external fun writeFloats(buffer: Long, offset: Int, values: FloatArray, from: Int, count: Int)

    @JvmStatic external fun writeInts(buffer: Long, offset: Int, values: IntArray, from: Int, count: Int)

    @JvmStatic external fun readFloats(buffer: Long, offset: Int, values: FloatArray, from: Int, count: Int)

    @JvmStatic external fun run(model: Long, signature: Int, inputs: LongArray, outputs: LongArray)
}
