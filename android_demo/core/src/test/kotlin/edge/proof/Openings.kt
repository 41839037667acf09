package edge.proof

import edge.bundle.Source
import edge.ranker.Options
import edge.ranker.Ranker
import java.io.File

/** Opens a bundle with each directory that standard input names, and verifies it if it says so: `BUNDLE`, `DIRECTORY verify`. */
internal fun main(arguments: Array<String>) {
    val bundle = File(arguments[0])
    println("begin")
    for (line in generateSequence(::readlnOrNull)) {
        val words = line.split(' ')
        Source.file(bundle).use { Ranker.open(it, Options(directory = File(words[0]))) }.use { ranker ->
            if (words.size > 1) ranker.verify()
        }
        println("open")
    }
}
