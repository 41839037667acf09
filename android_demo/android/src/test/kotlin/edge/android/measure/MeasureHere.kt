package edge.android.measure

import edge.bundle.Source
import edge.litert.LiteRt
import edge.ort.OnnxRuntime
import edge.ranker.Options
import java.io.File

/** Measures a bundle on this machine, as the app does on a phone: `MeasureHereKt litert|onnx BUNDLE DIRECTORY OUT`. */
public fun main(arguments: Array<String>) {
    val engine = if (arguments[0] == "litert") LiteRt() else OnnxRuntime()
    val (bundle, directory, out) = arguments.drop(1).map(::File)
    val device = Device("a desktop", System.getProperty("os.name"), "Kotlin ${KotlinVersion.CURRENT} on a JVM")
    val options = Options(directory = directory, engine = engine)
    Source.file(bundle).use { out.writeText(measure(it, options, device, repeats = 1)) }
}
