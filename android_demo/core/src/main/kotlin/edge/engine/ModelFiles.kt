package edge.engine

import edge.EdgeError
import edge.bundle.Bundle
import edge.bundle.withInstallation
import java.io.File

/** Runs [action] with the folder of an engine's model files. Errors: the bundle has none, or nowhere to install them. */
internal fun <T> withModelFiles(engine: String, bundle: Bundle, directory: File?, action: (File) -> T): T {
    if (engine !in bundle.engines) {
        val has = bundle.engines.joinToString().ifEmpty { "none" }
        throw EdgeError("the bundle has no model of $engine", "its models: $has", "export it with this engine")
    }
    if (directory == null) {
        throw EdgeError("$engine reads its model from files", fix = "Options(directory = ...), e.g. in noBackupFilesDir")
    }
    return withInstallation(bundle, directory) { action(File(it, "models/$engine")) }
}
