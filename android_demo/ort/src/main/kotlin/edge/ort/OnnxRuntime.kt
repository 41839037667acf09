package edge.ort

import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.OrtException
import ai.onnxruntime.OrtLoggingLevel
import ai.onnxruntime.OrtSession
import ai.onnxruntime.TensorInfo
import edge.EdgeError
import edge.bundle.Bundle
import edge.bundle.ModelShape
import edge.engine.ANY
import edge.engine.Engine
import edge.engine.EngineLibrary
import edge.engine.Signature
import edge.engine.signatureOf
import edge.engine.withModelFiles
import java.io.File

/** Computes a bundle's `models/onnx` on the processor: `Options(engine = OnnxRuntime(), directory = ...)`. */
public class OnnxRuntime(private val threads: Int = 1) : EngineLibrary("onnx") {
    init {
        if (threads !in 1..64) throw EdgeError("threads is $threads", fix = "1 to 64")
    }

    override fun open(bundle: Bundle, directory: File?): Engine {
        val shape = bundle.manifest.shape
        return withModelFiles(name, bundle, directory) { models ->
            val sessions = HashMap<String, OrtSession>()
            try {
                for ((entry, signature) in entriesOf(shape)) sessions[entry] = session(File(models, "$entry.onnx"), signature)
                OnnxEngine(sessions, shape)
            } catch (error: EdgeError) {
                for (session in sessions.values) session.close()
                throw error
            }
        }
    }

    /** As Python's engine: no arena, and no packed copies of the weights for each graph. */
    private fun session(model: File, wanted: Signature): OrtSession {
        if (!model.isFile) throw EdgeError("the bundle has no ${model.name}", fix = "export the bundle again")
        try {
            val environment = loading { environment() }
            return OrtSession.SessionOptions().use { options ->
                options.setIntraOpNumThreads(threads)
                options.setInterOpNumThreads(1)
                options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR)
                options.setCPUArenaAllocator(false)
                options.addConfigEntry("session.disable_prepacking", "1")
                environment.createSession(model.path, options)
            }.also { check(model.name, it, wanted) }
        } catch (error: OrtException) {
            throw EdgeError("${model.name} is not a model that ONNX Runtime reads", error.message.orEmpty().lineSequence().first())
        }
    }
}

private fun <T> loading(action: () -> T): T = try {
    action()
} catch (error: LinkageError) { // the first time and later ones, of classes and of the library
    val evidence = (error.cause ?: error).message.orEmpty()
    throw EdgeError("ONNX Runtime is not in this app", evidence, "add com.microsoft.onnxruntime:onnxruntime-android to it")
}

/** ONNX Runtime's own, one in a process; nothing of what it computes is reported to anyone. */
internal fun environment(): OrtEnvironment =
    OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR).also { it.setTelemetry(false) }

/** The entry points that a model of this shape has, by file name. */
private fun entriesOf(shape: ModelShape): Map<String, Signature> {
    val entries = mutableListOf("embed" to listOf(ANY), "summarise" to listOf(ANY, ANY), "append" to listOf(ANY))
    if (shape.encodeDepths.last() > 0) entries.add("encode" to listOf(ANY))
    for (depth in setOf(0, shape.interactLayers)) entries.add("score" to listOf(depth, ANY))
    return entries.associate { (entry, sizes) ->
        val file = if (entry == "score") "score_${sizes[0]}" else entry
        file to signatureOf(entry, sizes, shape)!!
    }
}

/** Errors: a graph of another shape than the manifest's, whose scores would be others. */
private fun check(model: String, session: OrtSession, wanted: Signature) {
    for ((wants, nodes) in listOf(wanted.inputs to session.inputInfo, wanted.outputs to session.outputInfo)) {
        val has = nodes.mapValues { (_, node) -> (node.info as? TensorInfo)?.shape?.map { it.toInt() } }
        for (array in (wants.keys + has.keys).sorted()) {
            if (wants[array] == has[array]) continue
            throw EdgeError(
                "$model is not the model that the manifest describes", "its $array is ${has[array]}, not ${wants[array]}",
                "export the bundle again",
            )
        }
    }
}
