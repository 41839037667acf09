package edge.bundle

import edge.EdgeError
import edge.text.hexOf
import java.io.File
import java.io.FileOutputStream
import java.io.IOException
import java.io.OutputStream
import java.security.MessageDigest

private const val PARTIAL = ".partial"
private const val KEPT = 2 // an app's bundle, and the one before it

/**
 * Runs [action] with the folder that has a bundle's files, unpacked if need be (BUNDLE.md, section 7).
 *
 * Until it returns, no process installs or removes anything in [cache]. Of the bundles opened before, the one used last stays.
 * Errors: no room, or no right to write there.
 */
internal fun <T> withInstallation(bundle: Bundle, cache: File, action: (File) -> T): T = try {
    lockingDirectory(cache) {
        val target = File(cache, bundle.sha256)
        removeLeftovers(cache)
        if (!isIntact(bundle, target)) unpack(bundle, target)
        target.setLastModified(System.currentTimeMillis())
        removeUnused(cache)
        action(target)
    }
} catch (error: IOException) {
    throw EdgeError(
        "the bundle cannot be installed in $cache", error.message.orEmpty(), "make room there, or name another directory",
    )
}

/** Whether every file is there with the bytes that the bundle has. */
private fun isIntact(bundle: Bundle, directory: File): Boolean {
    fun has(path: String, bytes: Long, sha256: String) =
        File(directory, path).let { it.isFile && it.length() == bytes && sha256Of(it) == sha256 }
    val manifest = bundle.manifestBytes
    val sha256 = hexOf(MessageDigest.getInstance("SHA-256").digest(manifest))
    return has(MANIFEST, manifest.size.toLong(), sha256) && bundle.installable.all { has(it.path, it.bytes, it.sha256) }
}

/** Each file is checked while it is written, and all of them before one can be used. */
private fun unpack(bundle: Bundle, target: File) {
    val partial = File(target.path + PARTIAL)
    try {
        write(File(partial, MANIFEST)) { it.write(bundle.manifestBytes) }
        for (file in bundle.installable) write(File(partial, file.path)) { bundle.write(file, it) }
        val old = File(target.path + ".old" + PARTIAL)
        if (target.exists() && !target.renameTo(old)) throw IOException("$target cannot be replaced")
        if (!partial.renameTo(target)) throw IOException("$target cannot be made")
        old.deleteRecursively()
    } finally {
        partial.deleteRecursively()
    }
}

private inline fun write(file: File, action: (OutputStream) -> Unit) {
    file.parentFile?.mkdirs()
    FileOutputStream(file).use(action)
}

private fun sha256Of(file: File): String {
    val digest = MessageDigest.getInstance("SHA-256")
    val piece = ByteArray(CHUNK)
    file.inputStream().use { stream ->
        while (true) {
            val count = stream.read(piece)
            if (count < 0) break
            digest.update(piece, 0, count)
        }
    }
    return hexOf(digest.digest())
}

/** What killed installers left. */
private fun removeLeftovers(cache: File) {
    for (file in cache.listFiles().orEmpty()) if (file.isDirectory && file.name.endsWith(PARTIAL)) file.deleteRecursively()
}

private fun removeUnused(cache: File) {
    val installed = cache.listFiles().orEmpty().filter { it.isDirectory && isInstallation(it.name) }
    for (directory in installed.sortedByDescending { it.lastModified() }.drop(KEPT)) {
        // Renamed first: no process that is killed leaves half of it under its name.
        val leaving = File(directory.path + PARTIAL)
        if (directory.renameTo(leaving)) leaving.deleteRecursively()
    }
}

private fun isInstallation(name: String) = name.length == DIGEST_DIGITS && name.all { it in '0'..'9' || it in 'a'..'f' }
