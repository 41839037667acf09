package edge.litert

/** The least that the engine needs of a LiteRT file, whichever of LiteRT's interfaces runs it. For one thread at a time. */
internal interface LiteRtModel {
    /** The extents of an array; null if the signature has none of that name. */
    fun extents(signature: String, array: String, output: Boolean): List<Int>?

    /** A new buffer for an array of a signature. */
    fun buffer(signature: String, array: String, output: Boolean): LiteRtBuffer

    /** A run with these buffers by name, to be repeated; a result of one may be what another takes. */
    fun run(signature: String, inputs: Map<String, LiteRtBuffer>, outputs: Map<String, LiteRtBuffer>): LiteRtRun

    /** Gives the memory back; that of buffers is their own. */
    fun close()
}

/** A signature with its buffers. */
internal fun interface LiteRtRun {
    fun run()
}

/** Memory of LiteRT's. Values that are not written stay. */
internal interface LiteRtBuffer {
    /** One array after another, from the first element on. */
    fun write(vararg parts: FloatArray)

    /** [count] elements from [from] on, to the first. */
    fun write(values: FloatArray, from: Int, count: Int)

    fun write(values: IntArray)

    /** Fills [into] with the elements from [offset] on. */
    fun read(offset: Int, into: FloatArray)

    fun close()
}
