package edge.android.measure

import edge.bundle.Source
import edge.ort.OnnxRuntime
import edge.ranker.Options
import java.io.File

/** Measures a bundle on this machine's ONNX Runtime, as the app does on a phone: `MeasureHereKt BUNDLE DIRECTORY OUT`. */
public fun main(arguments: Array<String>) {
    val (bundle, directory, out) = arguments.map(::File)
    val device = Device("a desktop", System.getProperty("os.name"), "Kotlin ${KotlinVersion.CURRENT} on a JVM")
    val options = Options(directory = directory, engine = OnnxRuntime())
    Source.file(bundle).use { out.writeText(measure(it, options, device, repeats = 1)) }
}
