package edge.litert

import edge.EdgeError
import edge.bundle.Bundle
import edge.engine.Engine
import edge.engine.EngineLibrary
import edge.engine.withModelFiles
import java.io.File

/** Computes a bundle's `models/litert` on the processor: `Options(engine = LiteRt(), directory = ...)`. */
public class LiteRt(private val threads: Int = 1, private val through: Interface = Interface.C) : EngineLibrary("litert") {
    /** How LiteRT is called. */
    public enum class Interface {
        /** LiteRT's C API, by `libedge_litert.so`, which this module's C file makes: reads and writes nothing but what changes. */
        C,

        /** LiteRT's own Kotlin classes, which need no native code but LiteRT's. */
        KOTLIN,
    }

    init {
        if (threads !in 1..64) throw EdgeError("threads is $threads", fix = "1 to 64")
    }

    override fun open(bundle: Bundle, directory: File?): Engine {
        val shape = bundle.manifest.shape
        val buckets = Buckets(bundle.manifest.buckets["litert"].orEmpty(), shape)
        return withModelFiles(name, bundle, directory) { models ->
            val file = File(models, "model.tflite")
            if (!file.isFile) throw EdgeError("the bundle has no model.tflite", fix = "export the bundle again")
            val model = if (through == Interface.C) NativeModel(file, threads) else KotlinModel(file, threads)
            try {
                buckets.check(model)
                LiteRtEngine(model, buckets, shape)
            } catch (error: EdgeError) {
                model.close()
                throw error
            }
        }
    }
}
