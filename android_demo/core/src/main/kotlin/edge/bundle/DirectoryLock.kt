package edge.bundle

import java.io.File
import java.io.FileOutputStream

private const val LOCK = ".lock"
private val TURN = Any() // a file's lock belongs to the process

/** Runs [action] while no other thread and no other process does so in [directory]. Errors: IOException, if it cannot be written. */
internal fun <T> lockingDirectory(directory: File, action: () -> T): T = synchronized(TURN) {
    directory.mkdirs()
    FileOutputStream(File(directory, LOCK)).use { file ->
        file.channel.lock()
        action()
    }
}

/** Runs [action], unless another process has the lock. One thread of this process at a time. Errors: IOException, it cannot be written. */
internal fun tryLocking(lock: File, action: () -> Unit): Unit = FileOutputStream(lock).use { file ->
    if (file.channel.tryLock() != null) action()
}
