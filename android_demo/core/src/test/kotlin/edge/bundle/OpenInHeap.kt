package edge.bundle

import java.io.File

/** Opens a bundle and its weights: test.sh runs it in a heap of 4 times the file and 32 MB. */
internal fun main(arguments: Array<String>) {
    val bundle = Source.file(File(arguments[0])).use { source -> Bundle.open(source).also { it.texts() } }
    println("opened ${bundle.manifest.name} in ${Runtime.getRuntime().maxMemory() shr 20} MB of heap, ${bundle.weights.size} tensors")
}
