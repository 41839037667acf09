package edge.ranker

import java.io.FileOutputStream

/** Another process that writes: holds the lock of the file that it is given until its standard input ends. */
internal fun main(arguments: Array<String>) {
    FileOutputStream(arguments[0]).use { file ->
        file.channel.lock()
        println("locked")
        while (System.`in`.read() >= 0) continue
    }
}
