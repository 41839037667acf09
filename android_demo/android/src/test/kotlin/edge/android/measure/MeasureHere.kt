package edge.android.measure

import edge.EdgeError
import edge.bundle.Source
import edge.litert.LiteRt
import edge.ort.OnnxRuntime
import edge.ranker.Options
import java.io.File
import kotlin.system.exitProcess

/** Measures a bundle on this machine, as the app does on a phone: `MeasureHereKt litert|onnx BUNDLE DIRECTORY OUT`. */
public fun main(arguments: Array<String>) {
    val engine = if (arguments[0] == "litert") LiteRt() else OnnxRuntime()
    val (bundle, directory, out) = arguments.drop(1).map(::File)
    val device = Device("a desktop", System.getProperty("os.name"), "Kotlin ${KotlinVersion.CURRENT} on a JVM")
    val options = Options(directory = directory, engine = engine)
    try {
        Source.file(bundle).use { out.writeText(measure(it, options, device, repeats = 1)) }
    } catch (error: EdgeError) {
        System.err.println("error: ${error.message}")
        exitProcess(2)
    }
}
