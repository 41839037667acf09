package edge.bundle

import java.io.File
import java.io.FileOutputStream
import java.io.IOException
import java.io.OutputStream

private const val PARTIAL = ".partial"

/** Replaces a file atomically by what [write] gives; its owner alone can read it. Errors: IOException, and then the old one stays. */
internal fun replaceFile(file: File, write: (OutputStream) -> Unit) {
    val partial = File(file.path + PARTIAL)
    try {
        FileOutputStream(partial).use { out ->
            partial.setReadable(false, false)
            partial.setReadable(true, true)
            out.buffered().also(write).flush()
            out.fd.sync()
        }
        if (!partial.renameTo(file)) throw IOException("$file cannot be replaced")
    } finally {
        partial.delete()
    }
}

/**
 * Removes files of [prefix] that killed processes left, and those of bundles that are out of use: those named after [own]
 * stay, and the newest of the others, which may be the version that is still in use.
 */
internal fun removeOthers(directory: File, prefix: String, own: String) {
    val files = directory.listFiles().orEmpty().filter { it.name.startsWith(prefix) }
    val (partial, whole) = files.partition { it.name.endsWith(PARTIAL) }
    val others = whole.filter { !it.name.startsWith(prefix + own) }.sortedByDescending { it.lastModified() }
    for (file in partial + others.drop(1)) file.delete()
}
